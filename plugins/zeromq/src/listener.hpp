// One address that is listened on: a ROUTER, the connections that it accepted, and a far end for each that speaks.
//
// libzmq tells messages apart by routing id and connections by descriptor. A far end is known by the routing id that
// libzmq made for it, and is tied to its connection by the descriptor that its first message carries.
//
// Thread rule: the host's thread.
#pragma once

#include "address.hpp"
#include "caller.hpp"
#include "connection.hpp"
#include "context.hpp"
#include "entrance.hpp"
#include "monitor.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace outsize::zeromq {

class listener final : public reader {
public:
  /// Errors: address_in_use, permission_denied, invalid_argument, overloaded.
  static result<std::unique_ptr<listener>> bind(shared_context &shared, const address &at);
  ~listener() override;

  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// The address really bound.
  [[nodiscard]] const address &bound() const { return at_; }
  /// Takes no more connections.
  void unbind();
  /// Nobody is left who has spoken.
  [[nodiscard]] bool deserted() const { return callers_.empty(); }

  void look_again() override { ready_ = true; }
  [[nodiscard]] std::uint64_t withheld_bytes_max(const connection &of) const override;
  void abused(connection &of, std::uint64_t withheld_bytes) override;

  // ---- the steps of a poll

  void begin_poll(time_point now) {
    now_ = now;
    drained_ = false;
  }
  void read_reports();
  /// Receives up to `frames_max` messages. Returns how many.
  std::size_t receive(std::size_t frames_max);
  /// After receiving: who is gone, and time.
  void settle();
  /// After sending: whether messages came in unnoticed.
  void recheck();

  [[nodiscard]] bool ready() const { return ready_; }
  [[nodiscard]] time_point deadline() const;

private:
  listener(shared_context &shared, const address &at, zmq::socket_t &&socket);
  result<void> open();
  [[nodiscard]] error bind_error(int number) const;
  void take(zmq::message_t &frame, caller *from);
  caller *speaker_of(const zmq::message_t &id, zmq::message_t &frame);
  caller *introduce(routing_id routing, const zmq::message_t &frame, entrance::entry &at);
  void forget(caller &one);

  shared_context &shared_;
  address at_;
  const std::uint64_t number_;
  router_desk desk_;
  std::unique_ptr<monitor> reports_;
  int change_fd_ = -1;
  time_point now_{}; ///< of the poll
  bool ready_ = true;
  bool drained_ = false;
  entrance entrance_;
  std::unordered_map<routing_id, std::unique_ptr<caller>> callers_;
};

} // namespace outsize::zeromq
