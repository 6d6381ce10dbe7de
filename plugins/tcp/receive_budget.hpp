// Who may hold memory for a message that has not come in whole. A message is promised its full length before its body
// is read, in the order of asking: two links with half a message each can then never wait for one another.
//
// Two lines, so that small messages never queue behind bulk: up to small_bytes_max, and larger. The promise is not an
// allocation; memory grows with the bytes received.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/abi/transport.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace outsize::tcp {

inline constexpr std::uint64_t small_bytes_max = 64U << 10U;

class receive_budget {
public:
  /// `memory_bytes_max` is at least `message_bytes_max`, the largest that will ever be asked for.
  receive_budget(std::uint64_t message_bytes_max, std::uint64_t memory_bytes_max);

  /// True: `link` holds `bytes` until release. False: it stands in line, and grant will name it.
  bool reserve(outsize_link link, std::uint64_t bytes);
  /// Gives back what the link holds, and its place in line.
  void release(outsize_link link);
  /// The next in line that fits now; from here on it holds what it asked for.
  std::optional<outsize_link> grant();

  /// Somebody waits.
  [[nodiscard]] bool contended() const { return !small_.waiting.empty() || !bulk_.waiting.empty(); }
  /// Links that hold something, and how much.
  [[nodiscard]] const std::unordered_map<outsize_link, std::uint64_t> &holders() const { return holders_; }

private:
  struct claim {
    outsize_link link;
    std::uint64_t bytes;
  };
  struct line {
    std::uint64_t bytes_max;
    std::uint64_t used;
    std::deque<claim> waiting;
  };
  line &line_for(std::uint64_t bytes) { return bytes <= small_bytes_max ? small_ : bulk_; }
  std::optional<outsize_link> grant(line &from);

  line small_;
  line bulk_;
  std::unordered_map<outsize_link, std::uint64_t> holders_;
};

} // namespace outsize::tcp
