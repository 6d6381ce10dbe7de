// One opened transport, as the network sees it: its links, and what waits for its owner's next poll.
//
// Thread rule: the network's.
#pragma once

#include "sim/transport/network.hpp"

#include <outsize/abi/transport.h>
#include <outsize/result.hpp>
#include <outsize/transport.hpp>
#include <outsize/transport_handle.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace outsize::sim {

struct port_limits {
  std::uint64_t message_bytes_max = 0; ///< the first limit of every link
  std::uint64_t memory_bytes_max = 0;  ///< of messages that wait for the owner
  std::uint64_t queue_bytes_max = 0;   ///< sent and not completed, one link
  duration connect_timeout{};
};

class port {
public:
  port(network &net, std::string machine, port_limits limits);
  /// Links still up end as those of a process that dies: the far ends are told, unless the machine has no power.
  ~port();
  port(const port &) = delete;
  port &operator=(const port &) = delete;

  /// "sim://NAME" or "sim://NAME:NUMBER"; number 0 asks for a free one.
  result<std::string> listen(const std::string &address);
  result<outsize_link> connect(const std::string &address, std::uint64_t token);
  void disconnect(outsize_link link);
  result<void> set_limit(outsize_link link, std::uint64_t bytes);
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token);
  bool stats(outsize_link link, outsize_link_stats &filled) const;
  void begin_close();
  [[nodiscard]] bool closed() const;

  /// The next event for the owner; none when there is nothing.
  std::optional<transport_event> take();
  [[nodiscard]] bool has_work() const { return !inbox_.empty(); }

  [[nodiscard]] const std::string &machine() const { return machine_; }
  [[nodiscard]] const port_limits &limits() const { return limits_; }

private:
  friend class connection;
  friend class network;
  struct place {
    std::shared_ptr<connection> on;
    std::size_t side = 0;
  };

  // ---- for connections
  outsize_link open_link(std::shared_ptr<connection> on, std::size_t side);
  void forget_link(outsize_link link) { links_.erase(link); }
  void tell(transport_event &&event);
  [[nodiscard]] bool has_room_for(std::uint64_t bytes) const;
  /// A link that its owner no longer wants: no message of it comes any more.
  void drop_messages(outsize_link link);

  network &net_;
  std::string machine_;
  port_limits limits_;
  std::map<outsize_link, place> links_;
  std::deque<transport_event> inbox_;
  std::uint64_t inbox_bytes_ = 0;
  std::vector<std::string> listening_;
};

} // namespace outsize::sim
