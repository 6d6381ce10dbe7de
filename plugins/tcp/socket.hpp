// Descriptors with an owner, and the few calls that make non-blocking sockets of them.
//
// Thread rule: one thread at a time for each object.
#pragma once

#include "address.hpp"

#include <outsize/result.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace outsize::tcp {

/// Closes its descriptor.
class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor &operator=(descriptor &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() { reset(); }
  void reset();
  [[nodiscard]] int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// Kernel buffer sizes of a connection in bytes; 0 leaves them to the kernel.
struct buffer_sizes {
  std::uint64_t send = 0;
  std::uint64_t receive = 0;
};

/// errno in words.
std::string system_text(int number);

/// A socket that listens at `where`. Errors: address_in_use, permission_denied, invalid_argument, overloaded.
result<descriptor> listen_at(const endpoint &where, int backlog, const buffer_sizes &sizes);

/// A socket on its way to `where`; becomes writable when it is there or has failed. Errors: link_down, overloaded.
result<descriptor> begin_connect(const endpoint &where, const buffer_sizes &sizes);

/// What became of begin_connect: 0, or an errno. A socket that met itself counts as refused.
int connect_outcome(const descriptor &connection);

/// Switches off the kernel's waiting for more (TCP_NODELAY): the outbox gathers what belongs together.
void send_at_once(const descriptor &connection);

endpoint local_end(const descriptor &of);
endpoint remote_end(const descriptor &of);

} // namespace outsize::tcp
