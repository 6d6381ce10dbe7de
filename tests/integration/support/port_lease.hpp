// Ports on loopback that belong to one test while this object lives, whoever else runs tests on this machine.
//
// A block of ports is reserved by locking its file in a folder that all users share; the lock goes with the process,
// however it ends. Blocks lie below the range from which the kernel takes ports for outgoing connections.
//
// Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace outsize::test {

class port_lease {
public:
  static constexpr std::size_t ports_max = 4;

  /// Throws std::runtime_error when no block is free.
  port_lease();
  ~port_lease();
  port_lease(const port_lease &) = delete;
  port_lease &operator=(const port_lease &) = delete;

  /// `index` below ports_max.
  [[nodiscard]] std::uint16_t port(std::size_t index) const { return static_cast<std::uint16_t>(first_ + index); }

private:
  int lock_ = -1;
  std::uint16_t first_ = 0;
};

} // namespace outsize::test
