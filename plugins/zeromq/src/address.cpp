#include "address.hpp"

#include <array>
#include <charconv>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

namespace outsize::zeromq {

namespace {

error bad_address(std::string_view text, const std::string &why) {
  return make_error(code::invalid_argument, "address '" + std::string(text) + "': " + why,
                    "write it as zeromq+tcp://HOST:PORT");
}

result<std::uint16_t> parse_port(std::string_view text, std::string_view whole) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size()) {
    return bad_address(whole, "'" + std::string(text) + "' is not a port from 0 to 65535");
  }
  return port;
}

bool is_v6(const std::string &host) {
  in6_addr bytes{};
  return inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

bool is_v4(const std::string &host) {
  in_addr bytes{};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1;
}

/// Letters, digits, dots, hyphens, underscores: nothing that libzmq gives a meaning of its own.
bool is_name(const std::string &host) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return !host.empty() && host.find_first_not_of(allowed) == std::string::npos;
}

std::string bracketed(const address &what) {
  const std::string host = what.v6 ? "[" + what.host + "]" : what.host;
  return host + ":" + std::to_string(what.port);
}

} // namespace

std::string address::endpoint() const {
  return "tcp://" + bracketed(*this);
}

std::string address::text() const {
  return std::string(scheme) + "://" + bracketed(*this);
}

result<address> parse_address(std::string_view text) {
  const std::string prefix = std::string(scheme) + "://";
  if (!text.starts_with(prefix)) {
    return bad_address(text, "the scheme is not zeromq+tcp");
  }
  const std::string_view rest = text.substr(prefix.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) {
    return bad_address(text, "the port is missing");
  }
  const result<std::uint16_t> port = parse_port(rest.substr(colon + 1), text);
  if (!port) {
    return port.error();
  }
  address parsed{std::string(rest.substr(0, colon)), port.value(), false};
  if (parsed.host.size() > 2 && parsed.host.front() == '[' && parsed.host.back() == ']') {
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
    parsed.v6 = true;
  }
  if (parsed.v6 ? !is_v6(parsed.host) : parsed.host != "*" && !is_name(parsed.host)) {
    return bad_address(text, "'" + parsed.host + "' is not a host");
  }
  return parsed;
}

result<address> resolve(const address &from) {
  if (from.v6 || from.host == "*" || is_v4(from.host)) {
    return from;
  }
  addrinfo hints{};
  hints.ai_family = AF_INET; // as libzmq does for names when it connects, so that both ends mean the same
  hints.ai_socktype = SOCK_STREAM;
  addrinfo *found = nullptr;
  if (const int failed = getaddrinfo(from.host.c_str(), nullptr, &hints, &found); failed != 0) {
    return bad_address(from.text(), gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  std::array<char, NI_MAXHOST> host{};
  if (getnameinfo(found->ai_addr, found->ai_addrlen, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return bad_address(from.text(), "its address cannot be written as text");
  }
  return address{host.data(), from.port, false};
}

} // namespace outsize::zeromq
