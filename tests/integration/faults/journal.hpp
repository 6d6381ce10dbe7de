// The checker: what was sent into one log, what was answered, and what every node gave back. Each breach of a promise
// is kept as a sentence.
//
//   L2  one record at an offset, whoever is asked
//   L3  an acknowledged record is where its answer said
//   L7  only what was sent, in offset order, each as often as it was sent at most, bit for bit; a refused one never
//
// Thread rule: any thread.
#pragma once

#include <outsize/client/client.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace outsize::faults {

using wire::offset_t;

class journal {
public:
  // ---- writing
  /// A new record is about to be sent for the first time; its id.
  std::uint64_t invoked(std::uint64_t bytes);
  /// It is about to be sent again, after a refusal or an answer that was lost.
  void sent_again(std::uint64_t id);
  void acknowledged(std::uint64_t id, offset_t offset, bool duplicate);
  /// Proven not to be in the log by this sending.
  void refused(std::uint64_t id);
  /// The answer was lost: it may be there or not.
  void in_doubt(std::uint64_t id);

  // ---- reading, by node in offset order
  void read(const std::string &node, const client::read_record &record);
  /// The node's next read is from there on.
  void reads_from(const std::string &node, offset_t offset);

  /// Everything acknowledged has been read from each of these nodes, and they have shown the same.
  void check_complete(const std::vector<std::string> &nodes);

  [[nodiscard]] std::size_t acknowledged_count() const;
  [[nodiscard]] std::uint64_t acknowledged_bytes() const;
  /// What was promised and not kept; at most a few dozen are kept.
  [[nodiscard]] std::vector<std::string> breaches() const;

private:
  struct record {
    std::uint64_t bytes = 0;
    std::vector<offset_t> acknowledged_at;
    std::uint32_t may_be_there = 0; ///< sendings that are not proven to be without effect
    std::uint32_t seen = 0;         ///< offsets it was seen at
  };
  struct reader {
    offset_t last = wire::no_offset;
    std::map<offset_t, std::uint64_t> seen; ///< id by offset
  };
  void breach(std::string what);
  void check_node(const std::string &name, const reader &node);

  mutable std::mutex mutex_;
  std::vector<record> records_;           ///< by id - 1
  std::map<offset_t, std::uint64_t> log_; ///< id by offset, from all nodes
  std::map<std::string, reader> readers_;
  std::size_t acknowledged_ = 0;
  std::uint64_t acknowledged_bytes_ = 0;
  std::vector<std::string> breaches_;
};

} // namespace outsize::faults
