#include "socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

namespace outsize::tcp {

namespace {

/// An option that the kernel refuses leaves the default, which always works.
void set_option(const descriptor &on, int level, int name, int value) {
  (void)setsockopt(on.get(), level, name, &value, sizeof value);
}

void set_sizes(const descriptor &on, const buffer_sizes &sizes) {
  const auto as_int = [](std::uint64_t bytes) {
    return static_cast<int>(std::min<std::uint64_t>(bytes, std::numeric_limits<int>::max()));
  };
  if (sizes.send != 0) {
    set_option(on, SOL_SOCKET, SO_SNDBUF, as_int(sizes.send));
  }
  if (sizes.receive != 0) {
    set_option(on, SOL_SOCKET, SO_RCVBUF, as_int(sizes.receive));
  }
}

descriptor stream_socket(int family) {
  return descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

error listen_error(const endpoint &where, int number) {
  const std::string text = "cannot listen at " + text_of(where) + ": " + system_text(number);
  switch (number) {
  case EADDRINUSE:
    return make_error(code::address_in_use, text);
  case EACCES:
  case EPERM:
    return make_error(code::permission_denied, text);
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM:
    return make_error(code::overloaded, text);
  default:
    return make_error(code::invalid_argument, text, "give an address of this machine");
  }
}

using name_call = int (*)(int, sockaddr *, socklen_t *);
endpoint end_of(const descriptor &of, name_call call) {
  endpoint found;
  found.bytes = sizeof found.storage;
  if (call(of.get(), reinterpret_cast<sockaddr *>(&found.storage), &found.bytes) != 0) {
    found.bytes = 0; // text_of makes "tcp://?" of it
  }
  return found;
}

} // namespace

void descriptor::reset() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

std::string system_text(int number) {
  return std::string(std::strerror(number)) + " (errno " + std::to_string(number) + ")";
}

result<descriptor> listen_at(const endpoint &where, int backlog, const buffer_sizes &sizes) {
  descriptor made = stream_socket(where.family());
  if (!made) {
    return listen_error(where, errno);
  }
  set_option(made, SOL_SOCKET, SO_REUSEADDR, 1); // a restarted node gets its port back at once
  if (where.family() == AF_INET6) {
    set_option(made, IPPROTO_IPV6, IPV6_V6ONLY, 1); // [::] and 0.0.0.0 are two addresses, whatever the system's default
  }
  set_sizes(made, sizes); // before listen: accepted connections inherit them
  if (::bind(made.get(), where.get(), where.bytes) != 0 || ::listen(made.get(), backlog) != 0) {
    return listen_error(where, errno);
  }
  return made;
}

result<descriptor> begin_connect(const endpoint &where, const buffer_sizes &sizes) {
  descriptor made = stream_socket(where.family());
  if (!made) {
    return make_error(code::overloaded, "no socket for " + text_of(where) + ": " + system_text(errno));
  }
  set_sizes(made, sizes);
  if (::connect(made.get(), where.get(), where.bytes) != 0 && errno != EINPROGRESS) {
    return make_error(code::link_down, "cannot connect to " + text_of(where) + ": " + system_text(errno));
  }
  return made;
}

int connect_outcome(const descriptor &connection) {
  int number = 0;
  socklen_t bytes = sizeof number;
  if (getsockopt(connection.get(), SOL_SOCKET, SO_ERROR, &number, &bytes) != 0) {
    return errno;
  }
  if (number == 0 && text_of(local_end(connection)) == text_of(remote_end(connection))) {
    return ECONNREFUSED; // the kernel gave us the very port we dialled, and TCP opened it to itself
  }
  return number;
}

void send_at_once(const descriptor &connection) {
  set_option(connection, IPPROTO_TCP, TCP_NODELAY, 1);
}

endpoint local_end(const descriptor &of) {
  return end_of(of, &::getsockname);
}

endpoint remote_end(const descriptor &of) {
  return end_of(of, &::getpeername);
}

} // namespace outsize::tcp
