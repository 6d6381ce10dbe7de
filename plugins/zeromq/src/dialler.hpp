// One attempt to open a link, and the link's connection afterwards: a DEALER of its own, which connects once.
//
// Thread rule: the host's thread.
#pragma once

#include "address.hpp"
#include "connection.hpp"
#include "context.hpp"
#include "far_end.hpp"
#include "monitor.hpp"

#include <memory>
#include <optional>
#include <string>

namespace outsize::zeromq {

class dialler final : public far_end, public reader {
public:
  /// Begins to connect. Errors: overloaded, when libzmq has no socket left; invalid_argument for what it cannot take.
  static result<std::unique_ptr<dialler>> start(shared_context &shared, const address &to);
  ~dialler() override;

  [[nodiscard]] std::uint64_t number() const { return number_; }

  bool send(zmq::message_t &frame) override;
  [[nodiscard]] std::string peer() const override { return to_.text(); }
  [[nodiscard]] std::uint64_t received_bytes() const override;
  void leave(bool gently, time_point now) override;
  [[nodiscard]] bool leaving() const override { return over_ || leave_by_ != never; }

  void look_again() override { ready_ = true; }
  [[nodiscard]] std::uint64_t withheld_bytes_max(const connection &of) const override;
  void abused(connection &of, std::uint64_t withheld_bytes) override;

  // ---- the steps of a poll

  void begin_poll(time_point now) {
    now_ = now;
    drained_ = false;
  }
  void read_reports();
  /// Receives up to `frames_max` frames. Returns how many.
  std::size_t receive(std::size_t frames_max);
  /// After receiving: what the reports said, and time.
  void settle();
  /// After sending: whether messages came in unnoticed.
  void recheck();

  [[nodiscard]] bool ready() const { return ready_ && !over_; }
  /// Nothing left to do: may be destroyed.
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] time_point deadline() const { return leave_by_; }

private:
  dialler(shared_context &shared, const address &to, zmq::socket_t &&socket);
  result<void> connect();
  void report(const monitor_event &event);
  void lose(const std::string &why);

  shared_context &shared_;
  const address to_;
  const std::uint64_t number_;
  zmq::socket_t socket_;
  std::unique_ptr<monitor> reports_;
  std::unique_ptr<connection> connection_;
  int change_fd_ = -1;
  time_point now_{}; ///< of the poll
  bool ready_ = true;
  bool drained_ = false;
  bool sent_ = false; ///< since the last recheck
  bool connected_ = false;
  std::optional<std::string> lost_; ///< the connection is gone: why
  time_point leave_by_ = never;
  bool over_ = false;
};

} // namespace outsize::zeromq
