#include "tcp_transport.hpp"

#include "epoll_tag.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <utility>

namespace outsize::tcp {

namespace {

constexpr std::size_t contended_read_bytes = 4096;       // while memory is short, what may have to be kept of each link
constexpr std::uint64_t read_turn_bytes_max = 4U << 20U; // of one link in one poll, so that the others get their turn
constexpr std::uint64_t stall_bytes_min = 64U << 10U;    // see the parameter stall-timeout
constexpr std::chrono::milliseconds accept_pause{100};   // when the process has no descriptors left
constexpr int serve_rounds_max = 4;                      // answers to answers; the rest waits for the next poll

error closed_by_peer(const link &one) {
  return make_error(code::link_down, one.peer() + " closed the link" +
                                         (one.in.is_between_messages() ? "" : " in the middle of a message"));
}

error broken(const link &one, int number) {
  return make_error(code::link_down, "the link to " + one.peer() + " broke: " + system_text(number));
}

} // namespace

time_point tcp_transport::poll(std::uint32_t budget, time_point now) {
  polling_ = true;
  ++polls_;
  events_left_ = budget;
  expire_stalled();
  stall_clock_ += std::clamp(now - now_, duration::zero(), options_.stall_timeout / 4);
  now_ = now;
  expire_dials();
  if (accept_again_ <= now_) {
    accept_again_ = never;
    watch_listeners(EPOLLIN);
  }
  serve_listed();
  serve_kernel();
  serve_listed();
  flush_listed();
  grant_memory();
  polling_ = false;
  arm(!listed_.empty());
  return listed_.empty() ? next_time() : time_point{};
}

void tcp_transport::serve_listed() {
  for (int round = 0; round < serve_rounds_max && events_left_ > 0 && !listed_.empty(); ++round) {
    for (const outsize_link number : std::exchange(listed_, {})) {
      link *one = find(number);
      if (one != nullptr) {
        one->listed = false;
        serve(*one);
      }
    }
    grant_memory();
  }
}

void tcp_transport::serve(link &one) {
  if (one.now == link::phase::up) {
    flush(one);
  }
  tell_completions(one);
  if (events_left_ > 0 && one.now == link::phase::up && one.out.is_writable()) {
    --events_left_;
    one.out.told_writable();
    events_.writable(one.number());
  }
  if (one.now == link::phase::up && (!one.kept().empty() || one.in.is_whole())) {
    std::span<const std::uint8_t> bytes = one.kept();
    deliver(one, bytes);
    if (one.now == link::phase::up) {
      one.used(bytes.size());
    }
  }
  if (one.now == link::phase::ending && one.completions.empty() && events_left_ > 0) {
    return tell_down(one);
  }
  if (one.has_work()) {
    list(one);
  }
}

// With the budget used up there are no more events, but what was sent still leaves.
void tcp_transport::flush_listed() {
  for (std::size_t i = 0; i < listed_.size(); ++i) {
    link *one = find(listed_[i]);
    if (one != nullptr && one->now == link::phase::up) {
      flush(*one);
    }
  }
}

void tcp_transport::serve_kernel() {
  std::array<epoll_event, 64> ready; // NOLINT(cppcoreguidelines-pro-type-member-init): set by epoll_wait
  const int count = events_left_ > 0 ? epoll_wait(epoll_.get(), ready.data(), ready.size(), 0) : 0;
  for (int i = 0; i < count && events_left_ > 0; ++i) {
    const std::uint64_t tag = ready[static_cast<std::size_t>(i)].data.u64;
    const std::uint64_t number = epoll_tag::number_of(tag);
    switch (epoll_tag::kind_of(tag)) {
    case epoll_tag::kind::wake:
      break; // what it stands for is listed
    case epoll_tag::kind::resolver:
      take_resolved();
      break;
    case epoll_tag::kind::listener:
      if (number < listeners_.size()) {
        accept_from(listeners_[number]);
      }
      break;
    case epoll_tag::kind::link:
      if (link *one = find(number); one != nullptr) {
        serve_socket(*one, ready[static_cast<std::size_t>(i)].events);
      }
      break;
    }
  }
}

void tcp_transport::serve_socket(link &one, std::uint32_t ready) {
  if (one.now == link::phase::dialling) {
    return finish_connect(one);
  }
  if (one.now != link::phase::up) {
    return;
  }
  if ((ready & EPOLLOUT) != 0) {
    one.blocked = false;
    list(one);
  }
  if ((ready & EPOLLIN) != 0) {
    return read(one);
  }
  if ((ready & (EPOLLERR | EPOLLHUP)) != 0) { // seen also by a link that is not reading
    fail(one, broken(one, connect_outcome(one.socket)));
  }
}

void tcp_transport::finish_connect(link &one) {
  const int number = connect_outcome(one.socket);
  if (number != 0) {
    one.socket.reset();
    if (!one.untried.empty()) {
      return try_next(one);
    }
    return fail(one, make_error(code::link_down, "cannot connect to " + one.peer() + ": " + system_text(number)));
  }
  one.now = link::phase::up;
  one.deadline = never;
  one.untried.clear();
  send_at_once(one.socket);
  watch(one);
  if (one.now == link::phase::up) {
    --events_left_;
    events_.link_up(one.number(), one.token, one.peer());
  }
}

void tcp_transport::accept_from(const listener &from) {
  while (events_left_ > 0) {
    descriptor connection(accept4(from.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection) {
      admit(std::move(connection));
      continue;
    }
    switch (errno) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
      continue; // that caller is gone; the next may be waiting
    case EAGAIN:
      return;
    default:
      return pause_accepting(from, errno);
    }
  }
}

void tcp_transport::admit(descriptor connection) {
  const std::string peer = text_of(remote_end(connection));
  if (accepted_ >= options_.connections_max) {
    if (std::has_single_bit(++turned_away_)) { // at 1, 2, 4, 8, ... so that a flood does not fill the log
      host_.log(OUTSIZE_LOG_WARN, "tcp",
                "connection from " + peer + " closed: connections-max = " + std::to_string(options_.connections_max) +
                    " are open; " + std::to_string(turned_away_) + " turned away so far");
    }
    return;
  }
  link &one = make_link(peer);
  one.accepted = true;
  ++accepted_;
  one.socket = std::move(connection);
  send_at_once(one.socket);
  watch(one);
  if (one.now == link::phase::ending) {
    return; // cannot be watched: it goes down as it came
  }
  one.now = link::phase::up;
  watch(one);
  --events_left_;
  events_.link_up(one.number(), 0, peer);
}

// Out of descriptors or memory: the caller stays in the kernel's queue, the listener stays readable, and without a
// pause poll would be called without end.
void tcp_transport::pause_accepting(const listener &from, int number) {
  host_.log(OUTSIZE_LOG_WARN, "tcp", "cannot accept at " + from.where + ": " + system_text(number) + "; next try soon");
  accept_again_ = now_ + accept_pause;
  watch_listeners(0);
}

void tcp_transport::watch_listeners(std::uint32_t interest) {
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    epoll_event event{interest, {.u64 = epoll_tag::of_listener(i)}};
    (void)epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listeners_[i].socket.get(), &event); // it is in the set: cannot fail
  }
}

void tcp_transport::flush(link &one) {
  const int number = one.flush();
  if (number != 0) {
    if (events_left_ > 0) {
      read(one); // what the peer said before it went may explain why
    }
    if (one.now == link::phase::up) {
      fail(one, broken(one, number));
    }
    return;
  }
  watch(one);
}

void tcp_transport::read(link &one) {
  std::uint64_t read_bytes = 0;
  while (events_left_ > 0 && read_bytes < read_turn_bytes_max && one.now == link::phase::up && !one.has_unread()) {
    const std::size_t chunk = budget_.contended() ? contended_read_bytes : scratch_.size();
    const std::uint64_t before = one.bytes_received;
    link::read_result got = one.read(std::span(scratch_).first(chunk));
    if (got.end == link::read_end::closed || got.end == link::read_end::failed) {
      return fail(one, got.end == link::read_end::closed ? closed_by_peer(one) : broken(one, got.number));
    }
    read_bytes += one.bytes_received - before;
    deliver(one, got.rest);
    if (one.now == link::phase::up && !got.rest.empty()) {
      one.keep(got.rest);
    }
    if (got.end == link::read_end::drained) {
      break;
    }
  }
  if (one.now == link::phase::up) {
    watch(one);
    if (one.has_work()) {
      list(one);
    }
  }
}

void tcp_transport::deliver(link &one, std::span<const std::uint8_t> &bytes) {
  while (events_left_ > 0 && one.now == link::phase::up) {
    switch (one.in.next(bytes)) {
    case inbox::step::message:
      ++one.messages_received;
      --events_left_;
      events_.message(one.number(), one.in.take_message()); // may end the link
      break;
    case inbox::step::hungry:
    case inbox::step::waiting:
      return;
    case inbox::step::oversize:
      --events_left_;
      events_.oversize(one.number(), one.peer(), one.in.declared_bytes(), one.in.limit_bytes());
      return fail(one, make_error(code::malformed, one.peer() + " sent a message of " +
                                                       std::to_string(one.in.declared_bytes()) +
                                                       " bytes over the limit of the link, " +
                                                       std::to_string(one.in.limit_bytes()) + " bytes"));
    case inbox::step::malformed:
      return fail(one, make_error(code::malformed, one.peer() + ": " + one.in.why().text));
    }
  }
}

void tcp_transport::tell_completions(link &one) {
  while (events_left_ > 0 && !one.completions.empty()) {
    const link::completion next = one.completions.front();
    one.completions.pop_front();
    --events_left_;
    events_.completion(one.number(), next.token, next.written ? nullptr : &one.why);
  }
}

void tcp_transport::tell_down(link &one) {
  const auto found = links_.find(one.number());
  const std::unique_ptr<link> gone = std::move(found->second);
  links_.erase(found);
  accepted_ -= gone->accepted ? 1U : 0U;
  --events_left_;
  events_.link_down(gone->number(), gone->token, gone->why);
}

void tcp_transport::take_resolved() {
  for (const resolver::answer &answer : resolver_->take()) {
    for (const outsize_link number : answer.links) {
      link *one = find(number);
      if (one == nullptr || one->now != link::phase::dialling) {
        continue; // given up in the meantime
      }
      if (!answer.endpoints) {
        fail(*one, answer.endpoints.error());
        continue;
      }
      one->untried.assign(answer.endpoints->begin(), answer.endpoints->end());
      try_next(*one);
    }
  }
}

void tcp_transport::grant_memory() {
  while (const std::optional<outsize_link> next = budget_.grant()) {
    link *one = find(*next);
    one->in.granted();
    list(*one);
    watch(*one);
  }
}

void tcp_transport::expire_dials() {
  std::erase_if(dialling_, [this](outsize_link number) {
    link *one = find(number);
    if (one == nullptr || one->now != link::phase::dialling) {
      return true;
    }
    if (one->deadline > now_) {
      return false;
    }
    fail(*one, make_error(code::timed_out, "no connection to " + one->peer() + " within connect-timeout"));
    return true;
  });
}

// A link that holds memory others wait for must move. Measured in time that polls have passed: a host that was
// stopped for a while must not take its own absence for theirs.
void tcp_transport::expire_stalled() {
  contention_ += budget_.contended() && !contended_ ? 1U : 0U;
  contended_ = budget_.contended();
  if (!contended_) {
    return;
  }
  std::vector<outsize_link> stalled;
  for (const auto &[number, bytes] : budget_.holders()) {
    link *one = find(number);
    const bool is_measured = one->stall_window == contention_;
    if (is_measured && stall_clock_ - one->stall_since < options_.stall_timeout) {
      continue;
    }
    if (is_measured && one->bytes_received - one->stall_bytes < stall_bytes_min) {
      stalled.push_back(number);
      continue;
    }
    one->stall_window = contention_;
    one->stall_since = stall_clock_;
    one->stall_bytes = one->bytes_received;
  }
  for (const outsize_link number : stalled) {
    link *one = find(number);
    fail(*one, make_error(code::timed_out,
                          one->peer() + " stopped in the middle of a message, in memory that others wait for"));
  }
}

time_point tcp_transport::next_time() {
  time_point next = accept_again_;
  for (const outsize_link number : dialling_) {
    const link *one = find(number);
    next = one == nullptr ? next : std::min(next, one->deadline);
  }
  return budget_.contended() ? std::min(next, now_ + options_.stall_timeout / 4) : next;
}

} // namespace outsize::tcp
