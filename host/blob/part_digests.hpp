// The digests of a blob's parts, read from its store a bounded stretch at a time: what a reference's `parts` is the
// digest of. So a blob of any size is verified without anybody holding more than a little of it.
//
// Thread rule: the loop thread. `then` is called once, later, as blob_io does it.
#pragma once

#include "host/blob/blob_io.hpp"

#include <outsize/wire/types.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outsize::host {

struct part_question {
  std::string store;
  std::string key;
  std::uint64_t from = 0;       ///< where a part begins
  std::uint64_t part_bytes = 0; ///< of each but the last; not 0
};
struct part_answer {
  std::vector<wire::digest> digests; ///< of the parts from `from` on
  std::uint64_t next = 0;            ///< where to go on
  bool is_end = false;               ///< the blob ends at `next`
};

/// Reads until one of the bounds is reached, whole parts in any case.
inline constexpr std::uint64_t part_digests_bytes_max = 64ULL << 20;
inline constexpr std::size_t part_digests_max = 2048;

/// `blobs` outlives the reading; `now` gives the time of the present round.
void read_part_digests(blob_io &blobs, part_question question, std::function<time_point()> now,
                       std::function<void(result<part_answer>)> then);

} // namespace outsize::host
