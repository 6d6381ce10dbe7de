#include "rogue.hpp"

#include "integration/support/await.hpp"
#include "integration/support/transports.hpp"

#include <outsize/wire/limits.hpp>

#include <poll.h>

#include <algorithm>
#include <utility>

namespace outsize::faults {
namespace {

/// Above every node's limit: a rogue may send what is too large.
constexpr std::uint64_t message_limit_bytes = 64 * wire::mib;

} // namespace

rogue::rogue(const std::string &address)
    : transport_(std::move(test::open_transports({address}, host_.table(), message_limit_bytes).front())) {
  transport_->set_handler([this](transport_event &&event) { on_event(std::move(event)); });
  const result<outsize_link> made = transport_->connect(address, 1);
  REQUIRE(made);
  link_ = *made;
  REQUIRE(run_until([this] { return is_up_; }, steady_now() + test::patience));
}

wire::hello rogue::client_hello() {
  wire::hello made;
  made.protocol_min = made.protocol_max = wire::protocol_version;
  made.role = wire::peer_role::client;
  made.link = wire::link_class::stores;
  made.node = "rogue";
  made.message_limit_bytes = message_limit_bytes;
  made.part_window_bytes = wire::part_window_bytes_default;
  return made;
}

void rogue::greet(const wire::hello &as) {
  send(as);
  REQUIRE(run_until([this] { return is_welcome_ || is_down_; }, steady_now() + test::patience));
  REQUIRE(is_welcome_);
}

void rogue::send_parts(buffer header, const rope &payload) {
  std::vector<buffer> parts{std::move(header)};
  parts.insert(parts.end(), payload.parts().begin(), payload.parts().end());
  (void)run_until(
      [&] {
        const result<transport_handle::sent> outcome =
            is_down_ ? result(transport_handle::sent::done) : transport_->send(link_, parts, 0);
        return !outcome || *outcome != transport_handle::sent::busy; // refused: the link is on its way down
      },
      steady_now() + test::patience);
}

void rogue::ping_until_down(time_point deadline) {
  while (!is_down_ && steady_now() < deadline) {
    send(wire::ping{}, UINT64_MAX);
    (void)run_until([this] { return is_down_; }, steady_now() + std::chrono::milliseconds(500));
  }
}

bool rogue::await_down(time_point deadline) {
  return run_until([this] { return is_down_; }, deadline);
}

std::optional<rogue::answer> rogue::await_answer(std::uint64_t number, time_point deadline) {
  const auto find = [&] {
    return std::find_if(answers_.begin(), answers_.end(), [&](const auto &one) { return one.first == number; });
  };
  (void)run_until([&] { return is_down_ || find() != answers_.end(); }, deadline);
  const auto found = find();
  return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

bool rogue::run_until(const std::function<bool()> &done, time_point deadline) {
  for (;;) {
    const time_point next = transport_->poll(512, steady_now());
    if (done()) {
      return true;
    }
    if (steady_now() >= deadline) {
      return false;
    }
    pollfd one{transport_->event_fd(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::min(next, deadline) - steady_now()).count();
    (void)::poll(&one, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1000))); // looks again either way
  }
}

void rogue::on_event(transport_event &&event) {
  if (event.what == transport_event::kind::link_up) {
    is_up_ = true;
  } else if (event.what == transport_event::kind::link_down) {
    is_down_ = true;
  }
  if (event.what != transport_event::kind::message || event.parts.empty()) {
    return;
  }
  result<wire::envelope> head = wire::decode_envelope(event.parts.front().span());
  if (head && head->what == wire::kind::part && event.parts.size() > 1 &&
      event.parts[1].size() >= wire::envelope_bytes) {
    // A large answer: its first part begins with its envelope. Of the others none looks like one, or it is no harm.
    head = wire::decode_envelope(event.parts[1].slice(0, wire::envelope_bytes).span());
  }
  if (!head) {
    return;
  }
  if (head->what == wire::kind::welcome) {
    is_welcome_ = true;
  } else if (head->what == wire::kind::goodbye) {
    transport_->disconnect(link_); // as a good peer does
  } else if (head->number != 0) {
    answer came{head->what, {}, event.parts.front()};
    if (const result<wire::failure> failed = wire::decode<wire::failure>(came.header); failed) {
      came.why = failed->why;
    }
    answers_.emplace_back(head->number, std::move(came));
  }
}

} // namespace outsize::faults
