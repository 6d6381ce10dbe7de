// The far end of an accepted connection: one routing id of a ROUTER.
//
// Thread rule: the host's thread.
#pragma once

#include "connection.hpp"
#include "far_end.hpp"
#include "limits.hpp"
#include "socket_io.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace outsize::zeromq {

/// What libzmq calls a peer that did not name itself: a zero and four bytes.
using routing_id = std::uint32_t;
inline constexpr std::size_t routing_id_bytes = 5;

/// Nothing when the peer named itself.
inline std::optional<routing_id> read_routing_id(const zmq::message_t &id) {
  const auto *bytes = static_cast<const std::uint8_t *>(id.data());
  if (id.size() != routing_id_bytes || bytes[0] != 0) {
    return std::nullopt;
  }
  routing_id routing = 0;
  std::memcpy(&routing, bytes + 1, sizeof routing);
  return routing;
}

/// What the callers of one ROUTER tell it.
struct router_desk {
  zmq::socket_t socket;
  bool sent = false;   ///< something was sent: libzmq may have seen messages meanwhile
  bool ending = false; ///< somebody is leaving or has departed
};

class caller final : public far_end {
public:
  caller(router_desk &desk, routing_id routing, connection &at)
      : desk_(desk), routing_(routing), connection_(&at), peer_(at.peer()) {}

  [[nodiscard]] routing_id routing() const { return routing_; }
  /// Null once it is gone.
  [[nodiscard]] connection *at() const { return connection_; }

  bool send(zmq::message_t &frame) override {
    desk_.sent = true;
    std::array<std::uint8_t, routing_id_bytes> id{};
    std::memcpy(id.data() + 1, &routing_, sizeof routing_);
    zmq::message_t to(id.data(), id.size());
    // No mark is set, so the first call fails only when libzmq does not know the peer any more; the second never does.
    return connection_ != nullptr && zeromq::send(desk_.socket, to, true) == io::done &&
           zeromq::send(desk_.socket, frame) == io::done;
  }
  [[nodiscard]] std::string peer() const override { return peer_; }
  [[nodiscard]] std::uint64_t received_bytes() const override {
    return connection_ != nullptr ? connection_->received_bytes() : 0;
  }
  void leave(bool gently, time_point now) override {
    carry(0);
    leaving_ = true;
    desk_.ending = true;
    leave_by_ = gently ? now + close_grace : now;
  }
  [[nodiscard]] bool leaving() const override { return leaving_; }
  /// Does what time asks for.
  void settle(time_point now) {
    if (connection_ != nullptr && now >= leave_by_) {
      connection_->cut();
      leave_by_ = never;
    }
  }
  /// When settle has something to do; never: nothing by time.
  [[nodiscard]] time_point deadline() const { return departed() ? departed_ + departure_grace : leave_by_; }

  /// The connection is gone. What it has brought is received first, for a while.
  void depart(const std::string &why, time_point now) {
    connection_ = nullptr;
    desk_.ending = true;
    why_ = why;
    departed_ = now;
  }
  [[nodiscard]] bool departed() const { return connection_ == nullptr; }
  [[nodiscard]] const std::string &why() const { return why_; }

private:
  router_desk &desk_;
  const routing_id routing_;
  connection *connection_;
  const std::string peer_;
  bool leaving_ = false;
  time_point leave_by_ = never;
  time_point departed_ = never;
  std::string why_;
};

} // namespace outsize::zeromq
