// Transport "inmemory": links between instances of one process, found by name through the host's hub. Payload crosses
// by reference; limits, errors and backpressure are those of every other transport.
//
// Thread rule: that of outsize::transport, for each instance; linked instances may run on different threads.
#pragma once

#include "endpoint.hpp"

#include <outsize/transport.hpp>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace outsize::inmemory {

class inmemory_transport final : public transport {
public:
  static constexpr std::array<const char *, 1> schemes = {"inmemory"};
  static std::span<const outsize_param> params();
  static result<std::unique_ptr<transport>> create(const transport_setup &setup);

  ~inmemory_transport() override;

  result<std::string> listen(std::string_view address) override;
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override;
  void disconnect(outsize_link link) override;
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override;
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override;
  time_point poll(std::uint32_t budget, time_point now) override;
  int event_fd() override { return self_->event_fd(); }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override;
  void begin_close() override;
  bool closed() override { return closing_ && links_.empty(); }

private:
  struct unconfirmed {
    std::uint64_t token;
    std::uint64_t cost; // queue_cost
  };
  struct link_state {
    enum class phase { dialling, up, ending };
    phase now = phase::dialling;
    far_end far;
    std::string peer;
    std::uint64_t token = 0; // of connect
    outsize_link_stats stats{};
    std::deque<unconfirmed> sent; // the far host has not been handed these
    std::uint64_t owed = 0;       // messages handed to our host that the far side has not been told of
    std::uint64_t wanted = 0;     // queue_cost of the smallest send that was answered busy; 0: none
    bool waking = false;          // a letter `room` to ourselves is under way
  };

  inmemory_transport(const transport_setup &setup, const outsize_inmemory_hub *hub, endpoint_ref self);

  link_state *find(outsize_link link);
  link_state &make_link();
  [[nodiscard]] std::string own_address() const;

  // What take brings. Each returns the number of events it told, 0 or 1.
  std::uint32_t read(letter &&what);
  std::uint32_t read_dial(letter &what);
  std::uint32_t read_accepted(letter &what, link_state *state);
  std::uint32_t read_message(letter &what, link_state *state);
  std::uint32_t read_taken(letter &&what, link_state *state);
  std::uint32_t read_room(const letter &what, link_state *state);
  std::uint32_t read_down(const letter &what);

  void confirm();
  void cut(const far_end &far);
  void begin_down(outsize_link link, link_state &state, const error &why);
  void wake_if_roomy(outsize_link link, link_state &state);
  [[nodiscard]] static bool has_room(const link_state &state, std::uint64_t cost);

  const host_services host_;
  const transport_events events_;
  const outsize_inmemory_hub *const hub_;
  const endpoint_ref self_;
  const std::uint64_t message_bytes_max_;
  const std::uint64_t queue_bytes_max_;
  std::vector<std::string> names_; // published
  std::map<outsize_link, link_state> links_;
  std::vector<outsize_link> owing_; // links with owed > 0
  outsize_link last_link_ = 0;
  bool closing_ = false;
};

} // namespace outsize::inmemory
