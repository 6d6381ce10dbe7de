#include "tcp_transport.hpp"

#include "epoll_tag.hpp"
#include "frame.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace outsize::tcp {

namespace {

constexpr std::size_t scratch_bytes = 128U << 10U; // one read of small messages

constexpr outsize_param declared[] = {
    param::bytes(
        "queue-bytes", "64MiB",
        "Bytes queued for sending on one link, framing included, above which a send is answered busy; a single "
        "message always passes.",
        64 << 10, std::int64_t{1} << 40U),
    param::duration("connect-timeout", "5s", "How long an attempt to connect may take, name lookup included.",
                    1'000'000, 600'000'000'000),
    param::duration(
        "stall-timeout", "10s",
        "A link that holds receive memory which others wait for must receive 64 KiB within this time, or it "
        "is closed.",
        1'000'000, 600'000'000'000),
    param::integer("backlog", "512", "Connections that the kernel keeps while they wait to be accepted, per address.",
                   1, 65'535),
    param::integer("connections-max", "1024",
                   "Accepted connections at one time; further ones are closed at once and logged.", 1, 1'000'000),
    param::bytes("send-buffer", "0", "The kernel's send buffer of a connection; 0 leaves it to the kernel.", 0,
                 1 << 30),
    param::bytes("receive-buffer", "0", "The kernel's receive buffer of a connection; 0 leaves it to the kernel.", 0,
                 1 << 30),
};

std::uint64_t size_of(std::span<const buffer> parts) {
  std::uint64_t sum = 0;
  for (const buffer &part : parts) {
    sum += part.size();
  }
  return sum;
}

error not_up(outsize_link number) {
  return make_error(code::link_down, "link " + std::to_string(number) + " is not up");
}

} // namespace

std::span<const outsize_param> tcp_transport::params() {
  return declared;
}

result<std::unique_ptr<transport>> tcp_transport::create(const transport_setup &setup) {
  if (setup.memory_bytes_max < setup.message_bytes_max) {
    return size_error(code::budget_too_small,
                      "receive memory of " + std::to_string(setup.memory_bytes_max) +
                          " bytes is below one message of " + std::to_string(setup.message_bytes_max),
                      setup.memory_bytes_max, setup.message_bytes_max);
  }
  descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  descriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{EPOLLIN, {.u64 = epoll_tag::of_wake()}};
  if (!epoll || !wake || epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return make_error(code::overloaded, "no event descriptor for a tcp instance: " + system_text(errno));
  }
  return std::unique_ptr<transport>(new tcp_transport(setup, std::move(epoll), std::move(wake)));
}

tcp_transport::tcp_transport(const transport_setup &setup, descriptor epoll, descriptor wake)
    : host_(setup.host), events_(setup.events),
      options_{setup.params.bytes("queue-bytes"),
               setup.params.duration("connect-timeout"),
               setup.params.duration("stall-timeout"),
               static_cast<int>(setup.params.number("backlog")),
               setup.params.bytes("connections-max"),
               {setup.params.bytes("send-buffer"), setup.params.bytes("receive-buffer")}},
      message_bytes_max_(setup.message_bytes_max), epoll_(std::move(epoll)), wake_(std::move(wake)),
      budget_(setup.message_bytes_max, setup.memory_bytes_max), scratch_(scratch_bytes) {}

result<std::string> tcp_transport::listen(std::string_view text) {
  const result<address> where = parse_address(text);
  if (!where) {
    return where.error();
  }
  const result<std::vector<endpoint>> found = look_up(where.value());
  if (!found) {
    return make_error(code::invalid_argument, found.error().text, "give an address of this machine");
  }
  result<descriptor> made = listen_at(found->front(), options_.backlog, options_.sizes);
  if (!made) {
    return made.error();
  }
  epoll_event event{EPOLLIN, {.u64 = epoll_tag::of_listener(listeners_.size())}};
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, made->get(), &event) != 0) {
    return make_error(code::overloaded, "cannot watch " + std::string(text) + ": " + system_text(errno));
  }
  const std::string bound = text_of(local_end(made.value()));
  listeners_.push_back({std::move(made).value(), bound});
  return bound;
}

result<outsize_link> tcp_transport::connect(std::string_view text, std::uint64_t token) {
  const result<address> where = parse_address(text);
  if (!where) {
    return where.error();
  }
  if (where->port.find_first_not_of('0') == std::string::npos) {
    return make_error(code::invalid_argument, "address '" + std::string(text) + "': port 0 cannot be dialled");
  }
  if (closing_) {
    return make_error(code::closed, "the tcp instance is closing");
  }
  link &one = make_link(std::string(text));
  one.token = token;
  one.deadline = host_.now() + options_.connect_timeout;
  dialling_.push_back(one.number());
  dial(one, where.value());
  return one.number();
}

void tcp_transport::disconnect(outsize_link number) {
  link *one = find(number);
  if (one != nullptr) {
    fail(*one, make_error(code::cancelled, "the link to " + one->peer() + " was closed by this side"));
  }
}

result<void> tcp_transport::set_link_limit(outsize_link number, std::uint64_t bytes) {
  link *one = find(number);
  if (one == nullptr) {
    return not_up(number);
  }
  if (bytes > one->in.limit_bytes()) {
    return make_error(code::invalid_argument, "limit of the link to " + one->peer() + " cannot be raised from " +
                                                  std::to_string(one->in.limit_bytes()) + " to " +
                                                  std::to_string(bytes) + " bytes");
  }
  one->in.set_limit(bytes);
  return {};
}

result<send_outcome> tcp_transport::send(outsize_link number, std::span<const buffer> parts, std::uint64_t token) {
  link *one = find(number);
  if (one == nullptr || one->now != link::phase::up) {
    return not_up(number);
  }
  if (result<void> possible = check_part_count(parts.size()); !possible) {
    return std::move(possible).error();
  }
  const std::uint64_t bytes = size_of(parts);
  const result<void> fits = check_message_size(bytes, one->in.limit_bytes(), one->peer());
  if (!fits) {
    return fits.error();
  }
  const bool alone = one->out.empty();
  const send_outcome outcome = one->out.push(parts, bytes, token);
  if (alone && !polling_ && !one->blocked && one->written_in_poll != polls_ && outcome != send_outcome::busy) {
    return write_at_once(*one, outcome);
  }
  if (!one->blocked) {
    list(*one);
  }
  return outcome;
}

// The first message after a poll leaves at once, without a wake-up; what follows gathers until the next poll.
send_outcome tcp_transport::write_at_once(link &one, send_outcome outcome) {
  one.written_in_poll = polls_;
  if (one.flush() == 0 && one.out.empty()) {
    if (outcome == send_outcome::queued) {
      one.completions.pop_back(); // its own: the message has been let go of already
    }
    return send_outcome::done;
  }
  if (one.blocked) {
    watch(one);
  } else {
    list(one); // broken: the next poll finds the reason, and says it
  }
  return outcome;
}

bool tcp_transport::link_stats(outsize_link number, outsize_link_stats &stats) {
  const link *one = find(number);
  if (one == nullptr) {
    return false;
  }
  stats.limit_bytes = one->in.limit_bytes();
  stats.bytes_sent = one->bytes_sent;
  stats.bytes_received = one->bytes_received;
  stats.messages_sent = one->out.messages_written();
  stats.messages_received = one->messages_received;
  stats.queued_bytes = one->out.queued_bytes();
  stats.queued_bytes_max = one->out.queued_bytes_max();
  return true;
}

void tcp_transport::begin_close() {
  closing_ = true;
  listeners_.clear();
  for (const auto &[number, one] : links_) {
    disconnect(number);
  }
}

link *tcp_transport::find(outsize_link number) {
  const auto found = links_.find(number);
  return found == links_.end() ? nullptr : found->second.get();
}

link &tcp_transport::make_link(const std::string &peer) {
  const outsize_link number = ++last_link_;
  auto made = std::make_unique<link>(number, peer, message_bytes_max_, options_.queue_bytes, budget_);
  return *links_.emplace(number, std::move(made)).first->second;
}

void tcp_transport::dial(link &one, const address &where) {
  const std::vector<endpoint> found = numeric(where);
  if (!found.empty()) {
    one.untried.assign(found.begin(), found.end());
    return try_next(one);
  }
  if (!resolver_) {
    result<std::unique_ptr<resolver>> made = resolver::make();
    if (!made) {
      return fail(one, made.error());
    }
    resolver_ = std::move(made).value();
    epoll_event event{EPOLLIN, {.u64 = epoll_tag::of_resolver()}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, resolver_->event_fd(), &event) != 0) {
      resolver_.reset();
      return fail(one, make_error(code::overloaded, "cannot watch name lookups: " + system_text(errno)));
    }
  }
  const result<void> asked = resolver_->ask(one.number(), where);
  if (!asked) {
    fail(one, asked.error());
  }
}

void tcp_transport::try_next(link &one) {
  error why = make_error(code::link_down, "'" + one.peer() + "' has no address");
  while (!one.untried.empty()) {
    result<descriptor> made = begin_connect(one.untried.front(), options_.sizes);
    one.untried.pop_front();
    if (made) {
      one.socket = std::move(made).value();
      one.interest = 0;
      return watch(one);
    }
    why = made.error();
  }
  fail(one, why);
}

void tcp_transport::fail(link &one, const error &why) {
  if (one.now == link::phase::ending) {
    return;
  }
  one.end(why);
  budget_.release(one.number());
  list(one);
}

void tcp_transport::watch(link &one) {
  std::uint32_t wanted = EPOLLOUT;
  if (one.now == link::phase::up) {
    wanted = (one.in.is_waiting() ? 0U : EPOLLIN) | (one.blocked ? EPOLLOUT : 0U);
  }
  if (wanted == one.interest && wanted != 0) {
    return;
  }
  const bool is_new = one.interest == 0 && one.now == link::phase::dialling;
  epoll_event event{wanted, {.u64 = epoll_tag::of_link(one.number())}};
  if (epoll_ctl(epoll_.get(), is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, one.socket.get(), &event) != 0) {
    return fail(one,
                make_error(code::overloaded, "cannot watch the link to " + one.peer() + ": " + system_text(errno)));
  }
  one.interest = wanted;
}

void tcp_transport::list(link &one) {
  if (!one.listed) {
    one.listed = true;
    listed_.push_back(one.number());
  }
  if (!polling_) {
    arm(true);
  }
}

// An eventfd refuses a write only when it is full and a read only when it is empty: both are what is wanted.
void tcp_transport::arm(bool on) {
  if (on == armed_) {
    return;
  }
  armed_ = on;
  std::uint64_t count = 1;
  on ? (void)!::write(wake_.get(), &count, sizeof count) : (void)!::read(wake_.get(), &count, sizeof count);
}

} // namespace outsize::tcp
