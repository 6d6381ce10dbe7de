#include "stage.hpp"

#include <atomic>
#include <cstring>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace outsize::zeromq {

namespace {

std::uint64_t status_bytes(const std::string &field) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(field)) {
      return std::stoull(line.substr(field.size() + 1)) * kib;
    }
  }
  return 0;
}

suite::transport_factory with(const suite::param_texts &params) {
  suite::transport_factory factory = zeromq_factory();
  factory.params.insert(factory.params.end(), params.begin(), params.end());
  return factory;
}

} // namespace

std::uint64_t resident_bytes() {
  return status_bytes("VmRSS:");
}

void reset_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::uint64_t peak_bytes() {
  return status_bytes("VmHWM:");
}

bytes make_head(std::uint64_t session, const std::vector<std::uint64_t> &sizes, const bytes &leading,
                std::uint32_t raw) {
  bytes made(head_fixed_bytes + 8 * sizes.size());
  std::uint8_t *to = write_prefix(made.data(), frame_kind::head, raw, session);
  to = write_u32(write_u32(to, static_cast<std::uint32_t>(sizes.size())), 0);
  for (const std::uint64_t size : sizes) {
    to = write_u64(to, size);
  }
  made.insert(made.end(), leading.begin(), leading.end());
  return made;
}

bytes make_piece(std::uint64_t session, const bytes &inline_bytes, std::uint32_t raw) {
  bytes made(frame_prefix_bytes);
  write_prefix(made.data(), frame_kind::piece, raw, session);
  made.insert(made.end(), inline_bytes.begin(), inline_bytes.end());
  return made;
}

bool open_peer::head(const std::vector<std::uint64_t> &sizes, const bytes &leading, std::uint32_t raw) {
  return peer.send_frame(make_head(link.session, sizes, leading, raw));
}

bool open_peer::piece(const bytes &inline_bytes, std::uint32_t raw) {
  return peer.send_frame(make_piece(link.session, inline_bytes, raw));
}

stage::stage(const suite::node_options &options, const suite::param_texts &params)
    : factory(with(params)), rig(factory), server(rig.make(options)), address(rig.listen(server)) {}

raw_peer stage::stranger() {
  raw_peer peer(address);
  peer.shake_hands();
  return peer;
}

open_peer stage::guest(std::uint64_t window_bytes) {
  raw_peer peer = stranger();
  peer.send_frame(make_open({0x5eed, static_cast<std::uint32_t>(piece_bytes_max), window_bytes}));
  std::optional<bytes> answer;
  REQUIRE(rig.run_until([&] {
    const bool alive = peer.pump();
    answer = peer.take_frame();
    return answer.has_value() || !alive;
  }));
  REQUIRE(answer.has_value());
  const result<frame_view> frame = parse_frame(*answer);
  REQUIRE(frame.has_value());
  REQUIRE(frame->kind == frame_kind::opened);
  const std::optional<opened_body> link = parse_opened(*frame);
  REQUIRE(link.has_value());
  REQUIRE(link->attempt == 0x5eed);
  return {std::move(peer), *link};
}

void stage::begin_message(open_peer &from, std::uint64_t bytes_total) {
  const bytes beginning(from.link.window_bytes / 4); // more than the step in which credit is given
  REQUIRE(from.head({bytes_total}, {}, static_cast<std::uint32_t>(beginning.size())));
  REQUIRE(from.peer.send_frame(beginning));
  REQUIRE(rig.run_until([&] {
    const bool alive = from.peer.pump();
    const std::optional<bytes> one = from.peer.take_frame();
    return !alive || (one && parse_frame(*one)->kind == frame_kind::credit);
  }));
}

bool stage::closed(raw_peer &peer) {
  return rig.run_until([&] { return !peer.pump(); });
}

std::optional<close_body> stage::told(raw_peer &peer) {
  std::optional<close_body> said;
  const auto hears = [&] {
    const bool alive = peer.pump();
    for (std::optional<bytes> one = peer.take_frame(); one && !said; one = peer.take_frame()) {
      const result<frame_view> frame = parse_frame(*one);
      said = frame && frame->kind == frame_kind::close ? std::optional(parse_close(*frame)) : std::nullopt;
    }
    return said.has_value() || !alive;
  };
  REQUIRE(rig.run_until(hears));
  return said;
}

std::uint64_t stage::flood(const std::function<void()> &attack) {
  reset_peak();
  const std::uint64_t before = resident_bytes();
  std::atomic<bool> over{false};
  std::thread attacker([&] {
    attack();
    over = true;
  });
  const bool ended = rig.run_until([&] { return over.load(); });
  attacker.join();
  REQUIRE(ended);
  const std::uint64_t peak = peak_bytes();
  return peak > before ? peak - before : 0;
}

void stage::check_others_unharmed() {
  if (honest_ == nullptr) {
    honest_ = &rig.make();
  }
  const suite::link_pair link = rig.marry(*honest_, server, address);
  const suite::message small = suite::message_of(1000);
  CHECK(suite::same(rig.pass(*honest_, link.near, server, link.far, small), small));
}

} // namespace outsize::zeromq
