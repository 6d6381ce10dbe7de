// Addresses: "zeromq+tcp://HOST:PORT", HOST an IPv4 address, an IPv6 address in brackets, a name (of an IPv4 address),
// or
// * to listen on all.
#pragma once

#include <outsize/result.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace outsize::zeromq {

inline constexpr const char *scheme = "zeromq+tcp";

struct address {
  std::string host; ///< an IPv6 address without its brackets
  std::uint16_t port = 0;
  bool v6 = false; ///< host is an IPv6 address

  /// As libzmq wants it: "tcp://[::1]:7101"
  [[nodiscard]] std::string endpoint() const;
  /// As an operator writes it.
  [[nodiscard]] std::string text() const;
};

/// Errors: invalid_argument.
result<address> parse_address(std::string_view text);

/// Replaces a name by the first IPv4 address it stands for; may ask the system's resolver and wait for it. Errors:
/// invalid_argument for a name that stands for nothing.
result<address> resolve(const address &from);

} // namespace outsize::zeromq
