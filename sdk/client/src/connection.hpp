// A client's links to one node of the cluster: one for appends and commands, one for reads. Addresses are tried in turn
// until one answers; both links lead to the same address, and when one is lost both are dialled anew.
//
// Thread rule: one thread.
#pragma once

#include <outsize/client/client.hpp>
#include <outsize/wire/endpoint.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::client {

class connection final : public wire::endpoint_handler {
public:
  connection(std::vector<std::unique_ptr<transport_handle>> transports, const client_options &options,
             std::function<void()> on_change);

  [[nodiscard]] bool up() const { return main_ != 0 && reads_ != 0; }
  /// 0 when not up.
  [[nodiscard]] wire::link_id main_link() const { return up() ? main_ : 0; }
  [[nodiscard]] wire::link_id reads_link() const { return up() ? reads_ : 0; }
  /// Bytes of appends that may be unanswered, as the node said.
  [[nodiscard]] std::uint64_t append_window_bytes() const { return append_window_bytes_; }
  /// Why each address that was tried did not answer, in one error with the last one's code.
  [[nodiscard]] std::optional<error> last_failure() const;
  /// Every address failed, and for reasons that trying again does not change.
  [[nodiscard]] bool is_hopeless() const;

  wire::endpoint &endpoint() { return endpoint_; }
  time_point poll(time_point now);
  /// As endpoint::poll_used.
  time_point poll_used(time_point now);

  result<void> on_hello(const wire::hello &peer, const std::string &address) override;
  void on_link_up(const wire::link_info &link) override;
  void on_link_down(const wire::link_info &link, const error &why) override;
  void on_dial_failed(wire::dial_id dial, const std::string &address, const error &why) override;
  wire::large_decision on_large(const wire::large_offer &offer) override;
  void on_message(wire::incoming &&message) override;
  void on_misbehaviour(const std::string &address, const error &why) override;

private:
  void dial();
  void give_up(const std::string &address, const error &why);
  void note_failure(const std::string &address, const error &why);

  std::vector<std::string> addresses_;
  std::function<void()> on_change_;
  wire::endpoint endpoint_;
  std::size_t next_ = 0; ///< address of the present attempt
  bool dialling_ = false;
  wire::dial_id main_dial_ = 0;
  wire::dial_id reads_dial_ = 0;
  wire::link_id main_ = 0;
  wire::link_id reads_ = 0;
  std::uint64_t append_window_bytes_ = 0;
  time_point now_{};
  time_point dial_at_{};
  duration pause_ = std::chrono::milliseconds(20);
  std::vector<std::optional<error>> failures_; ///< the last of each address
  outsize::code last_code_ = code::ok;
};

} // namespace outsize::client
