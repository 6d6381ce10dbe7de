// What a node does for one question of a reader, as its service sees it: started once, run when its time comes, over
// when it has answered.
//
// Thread rule: the node's loop thread.
#pragma once

#include <outsize/time.hpp>
#include <outsize/wire/types.hpp>

#include <compare>
#include <cstdint>

namespace outsize::host {

/// A global tail, and in which segment of the log it lies: in another segment it says nothing about what is committed,
/// because what is there beyond that segment's end never was. Ordered as the log is.
struct tail_in_segment {
  std::uint32_t segment = 0; ///< index in the chain
  wire::offset_t offset = 0; ///< 0 = not known
  auto operator<=>(const tail_in_segment &) const = default;
};

class reading {
public:
  reading() = default;
  reading(const reading &) = delete;
  reading &operator=(const reading &) = delete;
  virtual ~reading() = default;

  virtual void start() = 0;
  virtual void on_time() = 0;
  [[nodiscard]] virtual time_point next_time() const = 0;
  [[nodiscard]] virtual bool done() const = 0;
  /// The highest global tail it learned; for the next reader.
  [[nodiscard]] virtual tail_in_segment known_tail() const = 0;
};

} // namespace outsize::host
