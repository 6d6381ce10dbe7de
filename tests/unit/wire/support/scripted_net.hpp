// Transports for endpoint tests: a network in memory whose delay, width and failures the test sets, driven by the time
// that poll is given.
//
// Thread rule: one thread.
#pragma once

#include <outsize/transport.hpp>
#include <outsize/transport_handle.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::wire::test {

class scripted_transport;

/// Shared by all transports that meet on it. Change its members at any time; they hold for what is sent from then on.
class scripted_net {
public:
  scripted_net();
  scripted_net(const scripted_net &) = delete;
  scripted_net &operator=(const scripted_net &) = delete;

  duration delay{};                                    ///< of everything that crosses
  std::uint64_t bytes_per_ms = 0;                      ///< width of each direction of each link; 0 = unlimited
  std::uint64_t queued_bytes_max = UINT64_C(64) << 20; ///< a link answers busy above it
  bool is_mute = false;                                ///< messages vanish without a trace: half-open links
  bool refuses_connections = false;
  /// Sees every message as it is sent: the address of the listening side, true when that side is the sender, the parts.
  std::function<void(const std::string &listener, bool from_listener, const std::vector<buffer> &parts)> tap;

  std::unique_ptr<transport_handle> open_transport(std::uint64_t message_limit_bytes);
  /// Ends every link, on both sides, with what is on its way lost.
  void cut_all(const error &why = make_error(code::link_down, "cut"));
  [[nodiscard]] std::size_t connections() const { return connections_; }

private:
  friend class scripted_transport;
  outsize_host host_{};
  std::map<std::string, scripted_transport *> listeners_;
  std::vector<scripted_transport *> transports_;
  std::size_t connections_ = 0; ///< attempts ever made
  time_point now_{};
};

class scripted_transport final : public transport {
public:
  static constexpr std::array<const char *, 1> schemes = {"scripted"};
  static std::span<const outsize_param> params() { return {}; }
  static result<std::unique_ptr<transport>> create(const transport_setup &setup);

  scripted_transport(const transport_setup &setup, scripted_net &net);
  ~scripted_transport() override;

  result<std::string> listen(std::string_view address) override;
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override;
  void disconnect(outsize_link link) override;
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override;
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override;
  time_point poll(std::uint32_t budget, time_point now) override;
  int event_fd() override { return -1; }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override;
  void begin_close() override;
  bool closed() override { return closing_ && links_.empty(); }

private:
  friend class scripted_net;
  struct happening {
    std::uint32_t kind;
    outsize_link link;
    std::uint64_t token = 0;
    std::vector<buffer> parts;
    error why;
    std::string peer;
    std::uint64_t bytes = 0;
  };
  struct link_state {
    scripted_transport *far = nullptr;
    outsize_link far_link = 0;
    std::uint64_t token = 0;
    std::string listener;
    bool is_listener = false;
    bool ending = false;
    bool wants_writable = false;
    time_point free_at{};
    outsize_link_stats stats{};
  };

  link_state *find(outsize_link link);
  void plan(time_point when, happening what) { planned_.emplace(when, std::move(what)); }
  void forget_messages(outsize_link link);
  void end(outsize_link link, const error &why, time_point when);
  void tell(happening &what);

  scripted_net &net_;
  transport_events events_;
  std::uint64_t limit_bytes_;
  std::map<outsize_link, link_state> links_;
  std::multimap<time_point, happening> planned_;
  std::vector<std::string> listening_;
  outsize_link last_link_ = 0;
  bool closing_ = false;
};

} // namespace outsize::wire::test
