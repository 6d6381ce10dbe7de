// The transport's lines in the node's log. Strangers can cause as many as they like, so only some are written and the
// rest are counted.
//
// Thread rule: the host's thread.
#pragma once

#include <outsize/host.hpp>

#include <cstdint>
#include <string>

namespace outsize::zeromq {

class journal {
public:
  explicit journal(const host_services &host) : host_(host) {}

  /// About a connection that was refused or closed for what it did: at most lines_max a second.
  void refused(const std::string &peer, const std::string &why, time_point now);

private:
  static constexpr std::uint64_t lines_max = 10;
  void begin_second(time_point now);
  host_services host_;
  time_point second_{};
  std::uint64_t written_ = 0;
  std::uint64_t suppressed_ = 0;
};

} // namespace outsize::zeromq
