// Addresses: tcp://HOST:PORT as text, and what the system makes of them.
//
// Thread rule: plain values and functions; look_up may block.
#pragma once

#include <outsize/result.hpp>

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

namespace outsize::tcp {

/// tcp://127.0.0.1:7101, tcp://[::1]:7101, tcp://node1.example:7101
struct address {
  std::string host; ///< without the brackets
  std::string port; ///< decimal, 0 to 65535
};

/// Errors: invalid_argument, with what is wrong.
result<address> parse_address(std::string_view text);

/// A socket address of the system's.
struct endpoint {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  [[nodiscard]] const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

/// "tcp://127.0.0.1:7101", always numeric.
std::string text_of(const endpoint &where);

/// The endpoints of a numeric address; empty when the host is a name. Does not block.
std::vector<endpoint> numeric(const address &where);

/// Asks the system's resolver; may block for many seconds. Errors: link_down (nothing found), with the reason.
result<std::vector<endpoint>> look_up(const address &where);

} // namespace outsize::tcp
