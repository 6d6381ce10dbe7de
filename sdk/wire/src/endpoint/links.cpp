#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// How long a goodbye may take to get out before the link is cut.
constexpr duration goodbye_linger = std::chrono::milliseconds(500);

error link_down_error(const link &which, const error &why) {
  error made = make_error(code::link_down, "the link to " + which.info.address + " is gone: " + why.text);
  made.peer = which.info.peer.node;
  return made;
}

/// Did the transport end the link for what the peer did? Whatever else ends one is nobody's fault.
bool is_peers_fault(code why) {
  switch (why) {
  case code::malformed:
  case code::too_large:
  case code::hello_first:
  case code::protocol_mismatch:
  case code::overloaded:
  case code::timed_out:
    return true;
  default:
    return false;
  }
}

/// A goodbye must fit the smallest link.
refusal short_refusal(const error &why) {
  refusal made = to_refusal(why);
  made.text.resize(std::min<std::size_t>(made.text.size(), 512));
  made.remedy.resize(std::min<std::size_t>(made.remedy.size(), 256));
  made.peer.resize(std::min<std::size_t>(made.peer.size(), 256));
  return made;
}

} // namespace

transport_slot *endpoint::state::transport_for(const std::string &address) {
  for (const std::unique_ptr<transport_slot> &slot : transports) {
    if (slot->handle->serves(address)) {
      return slot.get();
    }
  }
  return nullptr;
}

link *endpoint::state::find_open(link_id id) {
  const auto found = links.find(id);
  return found != links.end() && found->second->is_open() ? found->second.get() : nullptr;
}

link &endpoint::state::make_link(transport_slot &through, outsize_link raw, const std::string &address) {
  const link_id id = ++last_link;
  link &made = *(links[id] = std::make_unique<link>());
  made.owner = this;
  made.info.id = id;
  made.info.address = address;
  made.through = &through;
  made.raw = raw;
  made.parts = parts_inbox(options.self.part_window_bytes);
  made.out.set_limits({message_limit_bytes_min, 0, options.queue_bytes_max});
  through.links[raw] = &made;
  return made;
}

void endpoint::state::on_event(transport_slot &through, transport_event &&event) {
  const auto found = through.links.find(event.link);
  if (found == through.links.end()) {
    if (event.what == transport_event::kind::link_up) {
      on_accepted(through, event);
    }
    return;
  }
  link &which = *found->second;
  switch (event.what) {
  case transport_event::kind::link_up:
    on_up(which);
    return;
  case transport_event::kind::link_down:
    on_raw_down(which, event.why);
    return;
  case transport_event::kind::message:
    on_raw_message(which, std::move(event.parts));
    return;
  case transport_event::kind::completion:
    which.out.on_completion(event.token);
    settle(which);
    return;
  case transport_event::kind::writable:
    which.out.on_writable();
    which.out.pump();
    settle(which);
    return;
  case transport_event::kind::oversize:
    misbehaved(which, size_error(code::too_large,
                                 "a message of " + std::to_string(event.actual_bytes) +
                                     " bytes came over a link with a limit of " + std::to_string(event.limit_bytes),
                                 event.actual_bytes, event.limit_bytes));
    return;
  }
}

void endpoint::state::on_accepted(transport_slot &through, const transport_event &event) {
  link &which = make_link(through, event.link, event.peer);
  unopened.insert(which.info.id);
  if (closing) {
    end_link(which, make_error(code::shutting_down, "closing"), parting::silent);
    return;
  }
  on_up(which);
  shed_unopened();
}

/// The oldest goes: a peer with something to say needs milliseconds, so this is the one least likely to have it.
void endpoint::state::shed_unopened() {
  while (unopened.size() > options.unopened_links_max) {
    link &oldest = *links.at(*unopened.begin());
    misbehaved(oldest, make_error(code::overloaded, "more than " + std::to_string(options.unopened_links_max) +
                                                        " links have not said hello yet; the oldest is closed"));
  }
}

void endpoint::state::on_up(link &which) {
  if (which.phase != link_phase::connecting) {
    return; // given up meanwhile
  }
  which.phase = link_phase::greeting;
  timers.cancel(which.phase_timer);
  which.phase_timer = timers.schedule(now + options.hello_timeout, [this, &which] {
    misbehaved(which, make_error(code::timed_out, "no hello came in time"));
  });
  if (which.was_dialled()) {
    send_hello(which);
  }
}

void endpoint::state::on_raw_message(link &which, std::vector<buffer> &&bytes) {
  ++which.messages_received;
  if (which.phase != link_phase::greeting && which.phase != link_phase::open) {
    return;
  }
  if (bytes.empty() || bytes.front().size() > header_part_bytes_max) {
    misbehaved(which, size_error(code::malformed, "a message with a header part of an impossible size",
                                 bytes.empty() ? 0 : bytes.front().size(), header_part_bytes_max));
    return;
  }
  incoming message;
  message.link = which.info.id;
  message.header = std::move(bytes.front());
  const result<envelope> head = decode_envelope(message.header.span());
  if (!head) {
    misbehaved(which, head.error());
    return;
  }
  message.what = head->what;
  message.number = head->number;
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    message.payload.append(std::move(bytes[i]));
  }
  dispatch(which, std::move(message));
}

void endpoint::state::on_raw_down(link &which, const error &why) {
  if (which.phase != link_phase::ending && is_peers_fault(why.code)) {
    tell_misbehaviour(which, why);
  }
  end_link(which, why, parting::gone_already);
  forget(which);
}

void endpoint::state::end_link(link &which, const error &why, parting how) {
  if (which.phase == link_phase::ending) {
    return;
  }
  const link_phase before = std::exchange(which.phase, link_phase::ending);
  timers.cancel(which.phase_timer);
  timers.cancel(which.keepalive_timer);
  which.out.clear();
  which.serving.clear();
  for (auto &[name, message] : which.parts.messages()) {
    drop(message);
  }
  which.parts.messages().clear();
  if (how == parting::with_goodbye && before != link_phase::connecting) {
    say_goodbye(which, why);
  } else if (how != parting::gone_already) {
    which.through->handle->disconnect(which.raw);
    which.through->used_since_poll = true;
  }
  answer_all(which, why);
  tell_end(which, before, why);
}

void endpoint::state::say_goodbye(link &which, const error &why) {
  buffer header = seal_envelope(encode(goodbye{short_refusal(why)}), kind::goodbye, 0);
  (void)which.out.push_control(std::move(header)); // the outbox was cleared: there is room
  // The peer closes when it has read this; the timer is for peers that do not.
  which.phase_timer = timers.schedule(now + goodbye_linger, [&which] {
    which.through->handle->disconnect(which.raw);
    which.through->used_since_poll = true;
  });
}

/// Each exactly once: the table is taken over first, since what is called may send and withdraw.
void endpoint::state::answer_all(link &which, const error &why) {
  std::unordered_map<std::uint64_t, pending_request> requests = std::exchange(which.requests, {});
  std::vector<std::uint64_t> numbers;
  for (auto &[number, request] : requests) {
    timers.cancel(request.timer);
    numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end()); // in the order asked, so that a simulated run can be repeated
  for (const std::uint64_t number : numbers) {
    requests[number].then(link_down_error(which, why));
  }
}

void endpoint::state::tell_end(link &which, link_phase before, const error &why) {
  unopened.erase(which.info.id);
  const bool is_wanted = which.was_dialled() && on_attempt_over(which, before == link_phase::open);
  if (before == link_phase::open) {
    handler.on_link_down(which.info, why);
  } else if (is_wanted) {
    handler.on_dial_failed(which.info.dial, which.info.address, why);
  }
}

void endpoint::state::misbehaved(link &which, const error &why) {
  if (which.phase == link_phase::ending) {
    return;
  }
  tell_misbehaviour(which, why);
  end_link(which, why, parting::with_goodbye);
}

/// An attempt of ours that came to nothing is told as that.
void endpoint::state::tell_misbehaviour(const link &which, const error &why) {
  if (which.is_open() || !which.was_dialled()) {
    handler.on_misbehaviour(which.info.address, why);
  }
}

void endpoint::state::forget(link &which) {
  timers.cancel(which.phase_timer);
  which.through->links.erase(which.raw);
  const auto found = links.find(which.info.id);
  graveyard.push_back(std::move(found->second));
  links.erase(found);
}

} // namespace outsize::wire
