// The transport: links over ZeroMQ, driven by the host's poll.
//
// libzmq's sockets are used on the host's thread only. Sending queues; poll receives, delivers and then hands over what
// was queued meanwhile, so that a burst costs one round.
//
// Thread rule: as <outsize/abi/transport.h> tags each call; no call here blocks but listen (names) and the destructor
// (until libzmq's threads have stopped).
#pragma once

#include "budget.hpp"
#include "context.hpp"
#include "dialler.hpp"
#include "event_queue.hpp"
#include "far_end.hpp"
#include "guard.hpp"
#include "journal.hpp"
#include "link.hpp"
#include "listener.hpp"
#include "outgoing.hpp"
#include "settings.hpp"
#include "stall_watch.hpp"
#include "waker.hpp"

#include <outsize/transport.hpp>

#include <zmq.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace outsize::zeromq {

class zeromq_transport final : public transport, private far_end_events {
public:
  static constexpr std::array<const char *, 1> schemes{scheme};
  static std::span<const outsize_param> params() { return parameter_table(); }
  static result<std::unique_ptr<transport>> create(const transport_setup &setup);
  ~zeromq_transport() override;

  result<std::string> listen(std::string_view address) override;
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override;
  void disconnect(outsize_link link) override;
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override;
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override;
  time_point poll(std::uint32_t budget, time_point now) override;
  int event_fd() override { return wake_->fd(); }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override;
  void begin_close() override;
  bool closed() override;

private:
  zeromq_transport(const transport_setup &setup, std::unique_ptr<waker> wake);

  // ---- far_end_events
  void arrived(far_end &from, zmq::message_t &frame, bool more) override;
  void gone(far_end &from, const error &why) override;
  void refused(const std::string &peer, const std::string &why) override;
  [[nodiscard]] std::uint64_t withheld_bytes_max(const far_end &from, bool drained) const override;

  // ---- the steps of a poll, in their order
  void begin(time_point now);
  void collect();
  void take_finished();
  void receive(std::uint32_t budget);
  void settle();
  void share_memory();
  std::uint32_t deliver(std::uint32_t budget);
  void flush();
  void take_downs();
  void reap();
  [[nodiscard]] bool more_to_do() const;
  [[nodiscard]] time_point next_time() const;

  void accept(far_end &from, const zmq::message_t &frame);
  void turn_away(far_end &from, close_reason reason, const std::string &why);
  void end(link &which, const ending &how);
  void touch(link &which);
  [[nodiscard]] link *find(outsize_link number) const;

  const settings options_;
  const host_services host_;
  const transport_events to_host_;
  journal journal_;
  std::unique_ptr<waker> wake_;
  returns finished_; ///< outlives the sockets: libzmq gives things back until it has ended
  zmq::context_t zmq_;
  guard watch_;
  budget memory_;
  stall_watch stalls_;
  event_queue events_;
  shared_context shared_;
  std::unordered_map<std::uint64_t, std::unique_ptr<listener>> listeners_; ///< by number
  std::unordered_map<std::uint64_t, std::unique_ptr<dialler>> diallers_;   ///< by number
  std::unordered_map<outsize_link, std::unique_ptr<link>> links_;

  std::vector<outsize_link> touched_; ///< may have something to hand over
  std::vector<outsize_link> ending_;  ///< wait for their LINK_DOWN
  std::vector<std::uint64_t> tags_;
  std::size_t accepted_links_ = 0;
  outsize_link last_link_ = 0;
  time_point now_{};
  bool polling_ = false;
  bool diallers_first_ = false; ///< who receives first takes turns
  bool closing_ = false;
  time_point close_by_ = never;
};

} // namespace outsize::zeromq
