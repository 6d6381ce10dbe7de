#include "address.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <memory>

namespace outsize::tcp {

namespace {

error bad(std::string_view text, const char *what) {
  return make_error(code::invalid_argument, "address '" + std::string(text) + "': " + what,
                    "write tcp://HOST:PORT, with an IPv6 address in brackets");
}

bool is_port(std::string_view text) {
  std::uint16_t number = 0;
  const char *end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc{} && stop == end;
}

bool is_host(std::string_view text, bool bracketed) {
  constexpr std::size_t host_bytes_max = 255;
  const auto allowed = [&](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return plain || c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
  };
  return !text.empty() && text.size() <= host_bytes_max && std::all_of(text.begin(), text.end(), allowed);
}

result<std::vector<endpoint>> ask(const address &where, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo *list = nullptr;
  const int failed = getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &list);
  if (failed != 0) {
    return make_error(code::link_down, "cannot resolve '" + where.host + "': " + gai_strerror(failed));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  std::vector<endpoint> found;
  for (const addrinfo *one = list; one != nullptr; one = one->ai_next) {
    endpoint &made = found.emplace_back();
    std::memcpy(&made.storage, one->ai_addr, one->ai_addrlen);
    made.bytes = one->ai_addrlen;
  }
  return found;
}

} // namespace

result<address> parse_address(std::string_view text) {
  constexpr std::string_view prefix = "tcp://";
  if (!text.starts_with(prefix)) {
    return bad(text, "it does not begin with tcp://");
  }
  std::string_view rest = text.substr(prefix.size());
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || !is_port(rest.substr(colon + 1))) {
    return bad(text, "it does not end with a port from 0 to 65535");
  }
  const std::string_view port = rest.substr(colon + 1);
  std::string_view host = rest.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  host = bracketed ? host.substr(1, host.size() - 2) : host;
  if (!is_host(host, bracketed)) {
    return bad(text, "the host is not a name or a numeric address");
  }
  return address{std::string(host), std::string(port)};
}

std::string text_of(const endpoint &where) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (getnameinfo(where.get(), where.bytes, host.data(), host.size(), port.data(), port.size(),
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "tcp://?";
  }
  const std::string plain = host.data();
  return "tcp://" + (where.family() == AF_INET6 ? "[" + plain + "]" : plain) + ":" + port.data();
}

std::vector<endpoint> numeric(const address &where) {
  result<std::vector<endpoint>> found = ask(where, AI_NUMERICHOST);
  return found ? std::move(found).value() : std::vector<endpoint>{};
}

result<std::vector<endpoint>> look_up(const address &where) {
  return ask(where, 0);
}

} // namespace outsize::tcp
