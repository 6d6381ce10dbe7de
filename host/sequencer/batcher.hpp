// Records that were admitted and wait for an offset, and the cutting of them into batches: by bytes, by what has
// arrived, without waiting for more.
//
// Thread rule: one thread.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <deque>
#include <vector>

namespace outsize::host {

/// A record on its way into the log, or another entry. `ticket` names it to whoever waits for it; tickets ascend.
struct admitted_record {
  std::uint64_t ticket = 0;
  wire::entry_kind kind = wire::entry_kind::data;
  std::uint64_t set = 0; ///< the four as in wire::entry_header
  std::uint32_t fragment_index = 0;
  std::uint64_t total_bytes = 0;
  std::uint32_t record_header_bytes = 0;
  std::uint64_t payload_bytes = 0;
  wire::digest content{};
  rope bytes; ///< record header, then payload
};

/// What one record adds to a store message.
inline std::uint64_t bytes_in_store(const admitted_record &record) {
  return wire::per_entry_bytes + wire::entry_header_bytes + record.bytes.size();
}

class batcher {
public:
  struct bounds {
    std::uint64_t message_bytes_max = 0; ///< the segment limit; every record fits it alone
    std::uint64_t batch_bytes_max = 0;   ///< a batch of several records ends there
    std::uint32_t entries_max = 0;
  };
  explicit batcher(bounds limits) : bounds_(limits) {}

  void add(admitted_record record);
  /// Takes back a record that was not cut yet. False when it was, or is not here.
  bool withdraw(std::uint64_t ticket);

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// In store messages, their own overhead not counted.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// Enough has arrived for a batch that nothing more would go into.
  [[nodiscard]] bool has_full_batch() const;
  /// Exact size of the store message that cut would fill next; 0 when there is none.
  [[nodiscard]] std::uint64_t next_message_bytes() const;

  /// The next batch, in the order added; empty when nothing waits.
  std::vector<admitted_record> cut();

private:
  struct waiting {
    admitted_record record;
    bool withdrawn = false;
  };
  /// How many of the waiting go into the next batch, withdrawn ones among them, and its message size.
  struct extent {
    std::size_t places = 0;
    std::uint64_t message_bytes = 0;
  };
  [[nodiscard]] extent next_extent() const;

  bounds bounds_;
  std::deque<waiting> queue_;
  std::size_t count_ = 0; ///< not withdrawn
  std::uint64_t bytes_ = 0;
};

} // namespace outsize::host
