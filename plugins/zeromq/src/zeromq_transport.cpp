#include "zeromq_transport.hpp"

#include "frames.hpp"
#include "limits.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace outsize::zeromq {

namespace {

/// Sockets that libzmq may be asked for: three for each attempt and each listener.
constexpr int sockets_max = 16'384;

/// Frames that one poll takes, for each event it may deliver: most of a large message brings none.
constexpr std::size_t frames_per_event = 4;
constexpr std::size_t frames_min = 64;
/// Frames that one socket may bring before the others have their turn.
constexpr std::size_t frames_per_turn = 32;

error closing_error() {
  return make_error(code::closed, "the transport is closing");
}

} // namespace

// ---- beginning and end

result<std::unique_ptr<transport>> zeromq_transport::create(const transport_setup &setup) {
  if (setup.memory_bytes_max < setup.message_bytes_max) {
    error why = size_error(code::budget_too_small, "the memory for received messages is below one message",
                           setup.memory_bytes_max, setup.message_bytes_max);
    return why;
  }
  result<std::unique_ptr<waker>> wake = waker::make();
  if (!wake) {
    return wake.error();
  }
  try {
    return std::unique_ptr<transport>(new zeromq_transport(setup, std::move(wake).value()));
  } catch (const zmq::error_t &failed) {
    return make_error(code::overloaded, std::string("ZeroMQ cannot start: ") + failed.what());
  }
}

zeromq_transport::zeromq_transport(const transport_setup &setup, std::unique_ptr<waker> wake)
    : options_(read_settings(setup)), host_(setup.host), to_host_(setup.events), journal_(setup.host),
      wake_(std::move(wake)), finished_(*wake_), zmq_(options_.io_threads, sockets_max),
      memory_(options_.memory_bytes_max, options_.message_bytes_max), stalls_(options_.stall_timeout),
      shared_{options_, zmq_, *wake_, watch_, *this, 0} {
  zmq_.set(zmq::ctxopt::blocky, 0);
}

zeromq_transport::~zeromq_transport() {
  links_.clear();
  diallers_.clear();
  listeners_.clear();
  zmq_.close(); // every socket is closed and lingers for nothing, so this ends; whatever libzmq held comes back in it
}

void zeromq_transport::begin_close() {
  if (closing_) {
    return;
  }
  closing_ = true;
  now_ = host_.now();
  close_by_ = now_ + 2 * close_grace;
  for (const auto &[number, one] : listeners_) {
    one->unbind();
  }
  for (const auto &[number, one] : links_) {
    one->cancel();
    end(*one, {make_error(code::cancelled, "the transport is closing"), close_reason::closed});
  }
  wake_->signal();
}

bool zeromq_transport::closed() {
  return closing_ && links_.empty() && events_.empty() && diallers_.empty() && listeners_.empty();
}

// ---- the host's calls

result<std::string> zeromq_transport::listen(std::string_view text) {
  if (closing_) {
    return closing_error();
  }
  const result<address> parsed = parse_address(text);
  if (!parsed) {
    return parsed.error();
  }
  const result<address> at = resolve(*parsed);
  if (!at) {
    return at.error();
  }
  result<std::unique_ptr<listener>> bound = listener::bind(shared_, *at);
  if (!bound) {
    return bound.error();
  }
  std::string really = bound.value()->bound().text();
  listeners_.emplace(bound.value()->number(), std::move(bound.value()));
  wake_->signal();
  return really;
}

result<outsize_link> zeromq_transport::connect(std::string_view text, std::uint64_t token) {
  if (closing_) {
    return closing_error();
  }
  const result<address> to = parse_address(text);
  if (!to) {
    return to.error();
  }
  if (to->port == 0 || to->host == "*") {
    return make_error(code::invalid_argument, "address '" + std::string(text) + "' can be listened on, not dialled",
                      "name a host and its port");
  }
  result<std::unique_ptr<dialler>> made = dialler::start(shared_, *to);
  if (!made) {
    return made.error();
  }
  dialler &way = *made.value();
  diallers_.emplace(way.number(), std::move(made.value()));
  const outsize_link number = ++last_link_;
  auto [place, fresh] =
      links_.emplace(number, std::make_unique<link>(link_parts{options_, memory_, events_, *wake_, finished_}, number,
                                                    token, true, way));
  place->second->dial(host_.random(), host_.now() + options_.connect_timeout);
  touch(*place->second);
  return number;
}

void zeromq_transport::disconnect(outsize_link number) {
  link *which = find(number);
  if (which == nullptr) {
    return;
  }
  now_ = polling_ ? now_ : host_.now();
  which->cancel();
  end(*which, {make_error(code::cancelled, "the link was closed by this side"), close_reason::closed});
  wake_->signal();
}

result<void> zeromq_transport::set_link_limit(outsize_link number, std::uint64_t bytes) {
  link *which = find(number);
  if (which == nullptr) {
    return make_error(code::link_down, "there is no link " + std::to_string(number));
  }
  return which->set_limit(bytes);
}

result<send_outcome> zeromq_transport::send(outsize_link number, std::span<const buffer> parts, std::uint64_t token) {
  link *which = find(number);
  if (which == nullptr) {
    return make_error(code::link_down, "there is no link " + std::to_string(number));
  }
  result<send_outcome> outcome = which->send(parts, token);
  if (outcome) {
    touch(*which);
  }
  return outcome;
}

bool zeromq_transport::link_stats(outsize_link number, outsize_link_stats &stats) {
  const link *which = find(number);
  if (which == nullptr) {
    return false;
  }
  which->fill(stats);
  return true;
}

link *zeromq_transport::find(outsize_link number) const {
  const auto found = links_.find(number);
  return found == links_.end() ? nullptr : found->second.get();
}

/// Notes that the link may have something to hand over, and sees to it that a poll comes.
void zeromq_transport::touch(link &which) {
  if (touched_.empty() || touched_.back() != which.number()) {
    touched_.push_back(which.number());
  }
  if (!polling_) {
    wake_->signal();
  }
}

// ---- poll

time_point zeromq_transport::poll(std::uint32_t budget, time_point now) {
  begin(now);
  collect();
  take_finished();
  receive(budget);
  settle();
  share_memory();
  const std::uint32_t left = deliver(budget);
  flush();
  take_downs();
  deliver(left);
  reap();
  polling_ = false;
  if (more_to_do()) {
    wake_->signal();
    return now_;
  }
  return next_time();
}

void zeromq_transport::begin(time_point now) {
  now_ = now;
  polling_ = true;
  for (const auto &[number, one] : listeners_) {
    one->begin_poll(now);
  }
  for (const auto &[number, one] : diallers_) {
    one->begin_poll(now);
  }
}

void zeromq_transport::collect() {
  tags_.clear();
  wake_->collect(tags_);
  for (const std::uint64_t tag : tags_) {
    const std::uint64_t number = number_of(tag);
    if (source_of(tag) == source::connection) {
      watch_.stirred(tag, now_);
      continue;
    }
    const bool reports = source_of(tag) == source::reports;
    if (const auto found = listeners_.find(number); found != listeners_.end()) {
      reports ? found->second->read_reports() : found->second->look_again();
    } else if (const auto dialled = diallers_.find(number); dialled != diallers_.end()) {
      reports ? dialled->second->read_reports() : dialled->second->look_again();
    }
  }
  watch_.sample(now_);
}

void zeromq_transport::take_finished() {
  for (const std::unique_ptr<outgoing_message> &message : finished_.take()) {
    if (link *which = find(message->link)) {
      which->finished(*message);
    }
  }
}

void zeromq_transport::receive(std::uint32_t budget) {
  std::size_t frames_left = std::max(frames_min, budget * frames_per_event);
  const std::size_t turn_max = std::clamp<std::size_t>(budget / 4, 1, frames_per_turn);
  bool more = true;
  const auto turn = [&](auto &from) {
    if (from.ready() && frames_left > 0 && events_.size() < budget) {
      frames_left -= from.receive(std::min({frames_left, turn_max, budget - events_.size()}));
      more = more || from.ready();
    }
  };
  while (std::exchange(more, false)) {
    if (diallers_first_ = !diallers_first_; !diallers_first_) {
      std::for_each(listeners_.begin(), listeners_.end(), [&](const auto &one) { turn(*one.second); });
    }
    std::for_each(diallers_.begin(), diallers_.end(), [&](const auto &one) { turn(*one.second); });
    if (diallers_first_) {
      std::for_each(listeners_.begin(), listeners_.end(), [&](const auto &one) { turn(*one.second); });
    }
  }
  watch_.judge();
}

void zeromq_transport::settle() {
  for (const auto &[number, one] : listeners_) {
    one->settle();
  }
  for (const auto &[number, one] : diallers_) {
    one->settle();
  }
  for (const auto &[number, one] : links_) {
    if (now_ >= one->give_up_at()) {
      const auto allowed = std::chrono::duration_cast<std::chrono::milliseconds>(options_.connect_timeout);
      end(*one, {make_error(code::timed_out,
                            one->peer() + " did not open the link within " + std::to_string(allowed.count()) + " ms"),
                 std::nullopt});
    }
  }
}

/// Those whose turn has come go on; those who hold up others by doing nothing are ended.
void zeromq_transport::share_memory() {
  const std::vector<outsize_link> stalled =
      stalls_.look(memory_, [this](outsize_link number) { return find(number)->progress(); }, now_);
  for (const outsize_link number : stalled) {
    link &which = *find(number);
    const std::string why = "the sender stopped in the middle of a message while others waited for its memory";
    refused(which.peer(), why);
    end(which, {make_error(code::link_down, which.peer() + ": " + why), close_reason::stalled});
  }
  for (const outsize_link number : memory_.take_granted()) {
    if (link *which = find(number)) {
      which->granted();
      touch(*which);
    }
  }
}

std::uint32_t zeromq_transport::deliver(std::uint32_t budget) {
  while (budget > 0 && !events_.empty()) {
    event next = events_.pop();
    const outsize_link number = next.link;
    const bool last = next.kind == OUTSIZE_EVENT_LINK_DOWN;
    if (link *which = find(number); which != nullptr && which->tell(next)) {
      --budget;
      event_queue::deliver(std::move(next), to_host_);
    }
    if (last) {
      links_.erase(number);
    }
  }
  return budget;
}

void zeromq_transport::flush() {
  std::sort(touched_.begin(), touched_.end());
  touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
  for (const outsize_link number : std::exchange(touched_, {})) {
    link *which = find(number);
    if (which != nullptr && !which->flush()) {
      end(*which, {make_error(code::link_down, which->peer() + ": the connection is gone"), std::nullopt});
    }
  }
  for (const auto &[number, one] : listeners_) {
    one->recheck();
  }
  for (const auto &[number, one] : diallers_) {
    one->recheck();
  }
}

void zeromq_transport::take_downs() {
  std::erase_if(ending_, [this](outsize_link number) {
    link *which = find(number);
    return which == nullptr || which->take_down();
  });
}

void zeromq_transport::reap() {
  std::erase_if(diallers_, [](const auto &one) { return one.second->over(); });
  if (!closing_ || !links_.empty()) {
    return;
  }
  std::erase_if(listeners_, [this](const auto &one) { return one.second->deserted() || now_ >= close_by_; });
}

bool zeromq_transport::more_to_do() const {
  const auto ready = [](const auto &one) { return one.second->ready(); };
  return !events_.empty() || !touched_.empty() || std::any_of(listeners_.begin(), listeners_.end(), ready) ||
         std::any_of(diallers_.begin(), diallers_.end(), ready);
}

time_point zeromq_transport::next_time() const {
  time_point next = std::min({watch_.next(), stalls_.next(), closing_ && !listeners_.empty() ? close_by_ : never});
  for (const auto &[number, one] : listeners_) {
    next = std::min(next, one->deadline());
  }
  for (const auto &[number, one] : diallers_) {
    next = std::min(next, one->deadline());
  }
  for (const auto &[number, one] : links_) {
    next = std::min(next, one->give_up_at());
  }
  return next;
}

// ---- what far ends tell

void zeromq_transport::arrived(far_end &from, zmq::message_t &frame, bool more) {
  if (from.leaving()) {
    return;
  }
  link *which = find(from.link());
  if (which == nullptr) {
    return more ? turn_away(from, close_reason::malformed, "a message of several ZeroMQ frames") : accept(from, frame);
  }
  if (const std::optional<ending> how = which->take(frame, more)) {
    if (how->tell) {
      refused(which->peer(), how->why.text);
    }
    return end(*which, *how);
  }
  touch(*which);
}

void zeromq_transport::gone(far_end &from, const error &why) {
  if (link *which = find(from.link())) {
    end(*which, {why, std::nullopt});
  }
}

void zeromq_transport::refused(const std::string &peer, const std::string &why) {
  journal_.refused(peer, why, now_);
}

std::uint64_t zeromq_transport::withheld_bytes_max(const far_end &from, bool drained) const {
  const link *which = find(from.link());
  return which == nullptr ? unopened_bytes_max : which->withheld_bytes_max(drained);
}

/// The first frame of a far end.
void zeromq_transport::accept(far_end &from, const zmq::message_t &frame) {
  const result<frame_view> first = parse_frame({static_cast<const std::uint8_t *>(frame.data()), frame.size()});
  if (!first) {
    return turn_away(from,
                     first.error().code == code::protocol_mismatch ? close_reason::version : close_reason::malformed,
                     first.error().text);
  }
  if (first->kind != frame_kind::open) {
    return turn_away(from, close_reason::hello_first, "a frame of no open link; open one first");
  }
  if (closing_ || accepted_links_ >= options_.connections_max) {
    return turn_away(from, close_reason::overloaded, "no more links are taken");
  }
  const outsize_link number = ++last_link_;
  auto made = std::make_unique<link>(link_parts{options_, memory_, events_, *wake_, finished_}, number, 0, false, from);
  if (const result<void> opened = made->accept(*first, host_.random()); !opened) {
    made.reset();
    return turn_away(from, close_reason::malformed, opened.error().text);
  }
  ++accepted_links_;
  links_.emplace(number, std::move(made));
}

void zeromq_transport::turn_away(far_end &from, close_reason reason, const std::string &why) {
  refused(from.peer(), why);
  const std::vector<std::uint8_t> bytes = make_close(0, reason, why);
  zmq::message_t frame(bytes.data(), bytes.size());
  from.send(frame); // it may be gone already; then there is nobody to tell
  from.leave(true, now_);
}

void zeromq_transport::end(link &which, const ending &how) {
  if (which.over()) {
    return;
  }
  accepted_links_ -= which.accepted() ? 1 : 0;
  which.end(how, now_);
  ending_.push_back(which.number());
}

} // namespace outsize::zeromq
