#include "inmemory_transport.hpp"

#include <algorithm>

namespace outsize::inmemory {

namespace {

constexpr const char *endpoint_kind = "org.outsize.inmemory/endpoint-1"; // the layout behind a hub entry

constexpr outsize_param declared[] = {
    param::bytes("queue-bytes", "64MiB",
                 "Bytes sent on one link and not yet taken by the other host, above which a send is answered busy; a "
                 "single message always passes.",
                 4096, std::int64_t{1} << 40U),
};

/// The name in inmemory://name.
result<std::string> name_in(std::string_view address) {
  constexpr std::string_view prefix = "inmemory://";
  constexpr std::size_t name_bytes_max = 255;
  const bool prefixed = address.starts_with(prefix);
  const std::string_view name = prefixed ? address.substr(prefix.size()) : std::string_view{};
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c != '/' && c != 0x7f; });
  if (name.empty() || name.size() > name_bytes_max || !plain) {
    return make_error(code::invalid_argument, "address '" + std::string(address) + "' is not inmemory://NAME",
                      "write inmemory:// and the name of a node of this process");
  }
  return std::string(name);
}

std::string address_of(const std::string &name) {
  return "inmemory://" + name;
}

error gone(const std::string &peer) {
  return make_error(code::link_down, "the link to " + peer + " was ended by the other side");
}

std::uint64_t size_of(std::span<const buffer> parts) {
  std::uint64_t sum = 0;
  for (const buffer &part : parts) {
    sum += part.size();
  }
  return sum;
}

} // namespace

std::span<const outsize_param> inmemory_transport::params() {
  return declared;
}

result<std::unique_ptr<transport>> inmemory_transport::create(const transport_setup &setup) {
  if (setup.memory_bytes_max < setup.message_bytes_max) {
    return size_error(code::budget_too_small,
                      "receive memory of " + std::to_string(setup.memory_bytes_max) +
                          " bytes is below one message of " + std::to_string(setup.message_bytes_max),
                      setup.memory_bytes_max, setup.message_bytes_max);
  }
  const auto *hub = setup.host.service<outsize_inmemory_hub>(OUTSIZE_INMEMORY_HUB);
  if (hub == nullptr) {
    return make_error(code::unsupported, "this host has no hub for in-memory links", "use another transport");
  }
  result<endpoint_ref> self = endpoint::make(setup.memory_bytes_max);
  if (!self) {
    return self.error();
  }
  return std::unique_ptr<transport>(new inmemory_transport(setup, hub, std::move(self).value()));
}

inmemory_transport::inmemory_transport(const transport_setup &setup, const outsize_inmemory_hub *hub, endpoint_ref self)
    : host_(setup.host), events_(setup.events), hub_(hub), self_(std::move(self)),
      message_bytes_max_(setup.message_bytes_max), queue_bytes_max_(setup.params.bytes("queue-bytes")) {}

inmemory_transport::~inmemory_transport() {
  begin_close();
  for (letter &unread : self_->close()) {
    if (unread.what == letter::kind::dial) {
      letter answer;
      answer.what = letter::kind::refused;
      answer.link = unread.back.link;
      (void)unread.back.at->post(std::move(answer)); // false: the caller is gone too
    }
  }
}

result<std::string> inmemory_transport::listen(std::string_view address) {
  const result<std::string> name = name_in(address);
  if (!name) {
    return name.error();
  }
  const auto retain = [](void *one) { static_cast<endpoint *>(one)->retain(); };
  const auto release = [](void *one) { static_cast<endpoint *>(one)->release(); };
  if (hub_->publish(hub_->context, name->c_str(), endpoint_kind, self_.get(), retain, release) == 0) {
    return make_error(code::address_in_use, "address inmemory://" + name.value() + " is taken in this process",
                      "give each node its own name");
  }
  names_.push_back(name.value());
  return address_of(name.value());
}

result<outsize_link> inmemory_transport::connect(std::string_view address, std::uint64_t token) {
  const result<std::string> name = name_in(address);
  if (!name) {
    return name.error();
  }
  if (closing_) {
    return make_error(code::closed, "the in-memory instance is closing");
  }
  link_state &made = make_link();
  const outsize_link link = last_link_;
  made.token = token;
  made.peer = address_of(name.value());
  letter dial;
  dial.what = letter::kind::dial;
  dial.back = {self_, link};
  dial.peer = own_address();
  const auto at =
      endpoint_ref::adopt(static_cast<endpoint *>(hub_->acquire(hub_->context, name->c_str(), endpoint_kind)));
  if (!at || !at->post(std::move(dial))) {
    begin_down(link, made, make_error(code::link_down, "no node of this process listens at " + made.peer));
  }
  return link;
}

void inmemory_transport::disconnect(outsize_link link) {
  link_state *state = find(link);
  if (state == nullptr || state->now == link_state::phase::ending) {
    return;
  }
  if (state->now == link_state::phase::up) {
    cut(state->far);
  } // a dialled one is cut when its answer comes
  begin_down(link, *state, make_error(code::cancelled, "the link to " + state->peer + " was closed by this side"));
}

result<void> inmemory_transport::set_link_limit(outsize_link link, std::uint64_t bytes) {
  link_state *state = find(link);
  if (state == nullptr) {
    return make_error(code::link_down, "link " + std::to_string(link) + " is gone");
  }
  if (bytes > state->stats.limit_bytes) {
    return make_error(code::invalid_argument, "limit of the link to " + state->peer + " cannot be raised from " +
                                                  std::to_string(state->stats.limit_bytes) + " to " +
                                                  std::to_string(bytes) + " bytes");
  }
  state->stats.limit_bytes = bytes;
  return {};
}

result<send_outcome> inmemory_transport::send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) {
  link_state *state = find(link);
  if (state == nullptr || state->now != link_state::phase::up) {
    return make_error(code::link_down, "link " + std::to_string(link) + " is not up");
  }
  if (result<void> possible = check_part_count(parts.size()); !possible) {
    return std::move(possible).error();
  }
  letter one;
  one.bytes = size_of(parts);
  const result<void> fits = check_message_size(one.bytes, state->stats.limit_bytes, state->peer);
  if (!fits) {
    return fits.error();
  }
  endpoint::posted answer = endpoint::posted::full;
  if (has_room(*state, queue_cost(one.bytes))) {
    one.what = letter::kind::message;
    one.link = state->far.link;
    one.parts.assign(parts.begin(), parts.end());
    answer = state->far.at->post_message(one, {self_, link});
  }
  if (answer == endpoint::posted::closed) {
    return gone(state->peer); // the letter that says so is under way
  }
  if (answer == endpoint::posted::full) {
    const std::uint64_t wanted = queue_cost(one.bytes);
    state->wanted = state->wanted == 0 ? wanted : std::min(state->wanted, wanted);
    return send_outcome::busy;
  }
  const std::uint64_t bytes = size_of(parts);
  state->sent.push_back({token, queue_cost(bytes)});
  state->stats.queued_bytes += queue_cost(bytes);
  state->stats.bytes_sent += bytes;
  ++state->stats.messages_sent;
  return send_outcome::queued;
}

time_point inmemory_transport::poll(std::uint32_t budget, time_point /*now*/) {
  // Letters without an event are free, but others may write faster than we read.
  std::uint64_t letters_left = std::uint64_t{4} * budget + 64;
  do {
    while (budget > 0 && letters_left > 0) {
      std::optional<letter> next = self_->take();
      if (!next) {
        break;
      }
      budget -= read(std::move(*next));
      --letters_left;
    }
    confirm(); // may be a letter to ourselves
  } while (budget > 0 && letters_left > 0 && !self_->empty());
  return self_->rest() ? never : time_point{};
}

bool inmemory_transport::link_stats(outsize_link link, outsize_link_stats &stats) {
  const link_state *state = find(link);
  if (state == nullptr) {
    return false;
  }
  stats = state->stats;
  return true;
}

void inmemory_transport::begin_close() {
  closing_ = true;
  for (const std::string &name : names_) {
    hub_->withdraw(hub_->context, name.c_str(), self_.get());
  }
  names_.clear();
  self_->refuse_messages();
  for (auto &[link, state] : links_) {
    disconnect(link);
  }
}

inmemory_transport::link_state *inmemory_transport::find(outsize_link link) {
  const auto found = links_.find(link);
  return found == links_.end() ? nullptr : &found->second;
}

inmemory_transport::link_state &inmemory_transport::make_link() {
  link_state &made = links_[++last_link_];
  made.stats.limit_bytes = message_bytes_max_;
  made.stats.queued_bytes_max = queue_bytes_max_;
  return made;
}

std::string inmemory_transport::own_address() const {
  return names_.empty() ? "inmemory://(unnamed)" : address_of(names_.front());
}

std::uint32_t inmemory_transport::read(letter &&what) {
  link_state *state = find(what.link);
  const bool is_up = state != nullptr && state->now == link_state::phase::up;
  switch (what.what) {
  case letter::kind::dial:
    return read_dial(what);
  case letter::kind::accepted:
    return read_accepted(what, state);
  case letter::kind::message:
    return is_up ? read_message(what, state) : 0;
  case letter::kind::taken:
    return is_up ? read_taken(std::move(what), state) : 0;
  case letter::kind::room:
    return is_up ? read_room(what, state) : 0;
  case letter::kind::refused:
    if (state != nullptr && state->now == link_state::phase::dialling) {
      begin_down(what.link, *state, make_error(code::link_down, "the node at " + state->peer + " is closing"));
    }
    return 0;
  case letter::kind::cut:
    if (is_up) {
      begin_down(what.link, *state, gone(state->peer));
    }
    return 0;
  case letter::kind::completion:
    events_.completion(what.link, what.token, &what.why);
    return 1;
  case letter::kind::down:
    return read_down(what);
  }
  return 0;
}

std::uint32_t inmemory_transport::read_dial(letter &what) {
  letter answer;
  answer.link = what.back.link;
  answer.peer = own_address();
  if (closing_) {
    answer.what = letter::kind::refused;
    (void)what.back.at->post(std::move(answer)); // false: the caller is gone
    return 0;
  }
  answer.what = letter::kind::accepted;
  answer.back = {self_, last_link_ + 1};
  if (!what.back.at->post(std::move(answer))) {
    return 0;
  }
  link_state &made = make_link();
  made.now = link_state::phase::up;
  made.far = std::move(what.back);
  made.peer = std::move(what.peer);
  events_.link_up(last_link_, 0, made.peer);
  return 1;
}

std::uint32_t inmemory_transport::read_accepted(letter &what, link_state *state) {
  if (state == nullptr || state->now != link_state::phase::dialling) {
    cut(what.back); // nobody waits for it any more
    return 0;
  }
  state->now = link_state::phase::up;
  state->far = std::move(what.back);
  events_.link_up(what.link, state->token, state->peer);
  return 1;
}

std::uint32_t inmemory_transport::read_message(letter &what, link_state *state) {
  if (what.bytes > state->stats.limit_bytes) {
    cut(state->far);
    begin_down(what.link, *state,
               make_error(code::malformed, "a message of " + std::to_string(what.bytes) + " bytes from " + state->peer +
                                               " is over the limit of the link, " +
                                               std::to_string(state->stats.limit_bytes) + " bytes"));
    events_.oversize(what.link, state->peer, what.bytes, state->stats.limit_bytes);
    return 1;
  }
  state->stats.bytes_received += what.bytes;
  ++state->stats.messages_received;
  if (state->owed++ == 0) {
    owing_.push_back(what.link);
  }
  events_.message(what.link, std::move(what.parts)); // may end the link: state is not touched any more
  return 1;
}

std::uint32_t inmemory_transport::read_taken(letter &&what, link_state *state) {
  const outsize_link link = what.link;
  const unconfirmed oldest = state->sent.front();
  state->sent.pop_front();
  state->stats.queued_bytes -= oldest.cost;
  wake_if_roomy(link, *state);
  if (--what.count > 0) {
    self_->put_back(std::move(what));
  }
  events_.completion(link, oldest.token, nullptr);
  return 1;
}

std::uint32_t inmemory_transport::read_room(const letter &what, link_state *state) {
  state->waking = false;
  if (state->wanted == 0 || !has_room(*state, state->wanted)) {
    return 0; // woken again by the next completion
  }
  state->wanted = 0;
  events_.writable(what.link);
  return 1;
}

std::uint32_t inmemory_transport::read_down(const letter &what) {
  const auto found = links_.find(what.link);
  const std::uint64_t token = found->second.token;
  links_.erase(found);
  events_.link_down(what.link, token, what.why);
  return 1;
}

// Once for what was read together, not for each message.
void inmemory_transport::confirm() {
  for (const outsize_link link : std::exchange(owing_, {})) {
    link_state *state = find(link);
    if (state == nullptr || state->now != link_state::phase::up) {
      continue; // the cut has told the far side all there is to know
    }
    letter taken;
    taken.what = letter::kind::taken;
    taken.link = state->far.link;
    taken.count = std::exchange(state->owed, 0);
    (void)state->far.at->post(std::move(taken)); // false: a cut is under way to us
  }
}

void inmemory_transport::cut(const far_end &far) {
  letter last;
  last.what = letter::kind::cut;
  last.link = far.link;
  (void)far.at->post(std::move(last)); // false: gone before us
}

void inmemory_transport::begin_down(outsize_link link, link_state &state, const error &why) {
  state.now = link_state::phase::ending;
  self_->drop_messages(link);
  if (state.far.at) {
    state.far.at->drop_messages(state.far.link);
  }
  for (const unconfirmed &one : std::exchange(state.sent, {})) {
    letter completion;
    completion.what = letter::kind::completion;
    completion.link = link;
    completion.token = one.token;
    completion.why = why;
    (void)self_->post(std::move(completion)); // our own: open until destroy
  }
  state.stats.queued_bytes = 0;
  letter down;
  down.what = letter::kind::down;
  down.link = link;
  down.why = why;
  (void)self_->post(std::move(down));
}

void inmemory_transport::wake_if_roomy(outsize_link link, link_state &state) {
  if (state.wanted == 0 || state.waking || !has_room(state, state.wanted)) {
    return;
  }
  state.waking = true;
  letter room;
  room.what = letter::kind::room;
  room.link = link;
  (void)self_->post(std::move(room));
}

bool inmemory_transport::has_room(const link_state &state, std::uint64_t cost) {
  return state.sent.empty() || state.stats.queued_bytes + cost <= state.stats.queued_bytes_max;
}

} // namespace outsize::inmemory
