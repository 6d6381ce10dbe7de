// Fragments of large records that wait to be given to the segment's writer. Few bytes of them are on their way at a
// time, so that a small record never waits behind more than that; the large records take turns, a fragment each.
//
// Thread rule: one thread.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>

namespace outsize::host {

inline constexpr std::uint64_t bulk_window_bytes_default = 4 * wire::mib;

class bulk_turns {
public:
  struct piece {
    std::uint64_t record = 0; ///< whose it is
    std::uint32_t index = 0;
    wire::digest content{};
    rope bytes;
  };

  explicit bulk_turns(std::uint64_t window_bytes) : window_bytes_(window_bytes) {}

  /// Pieces of one record keep their order.
  void add(piece what);
  /// What still waits of a record.
  void drop(std::uint64_t record);
  /// The next one to go, when there is room for it: it counts as on its way then. One always has room.
  std::optional<piece> next();
  /// So many bytes are not on their way any more.
  void give_back(std::uint64_t bytes) { on_their_way_ -= bytes; }
  /// Nothing waits and nothing is on its way.
  void clear();

  [[nodiscard]] std::uint64_t bytes_on_their_way() const { return on_their_way_; }

private:
  std::uint64_t window_bytes_;
  std::uint64_t on_their_way_ = 0;
  std::map<std::uint64_t, std::deque<piece>> waiting_; ///< by record
  std::list<std::uint64_t> turns_;                     ///< records with something in waiting_
};

} // namespace outsize::host
