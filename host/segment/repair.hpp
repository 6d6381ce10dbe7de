// Repair of a sealed segment: brings every entry in [global tail, highest local tail) to a write quorum.
//
// Why copying from one server is enough: a log server takes entries in order, and jumps over offsets only below the
// global tail it was told. So a server whose local tail is the highest holds every offset from the global tail to
// there; the others are given what they lack, in order, as repair stores. An entry that is damaged on that server is
// taken from another one that has it. No offset in the range can be without a copy, so no filler is ever written here.
//
// Memory: one fetch and its stores are under way at a time, of fetch_bytes_max or one entry.
//
// A machine: it acts through `peers` and is told the time.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/segment/peers.hpp"
#include "host/storage/storage.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/limits.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

class repair {
public:
  struct settings {
    segment_id segment;
    generation_t generation = 0;
    std::uint32_t replication = 0;
    offset_range range;                          ///< what is not known to be on a write quorum
    std::map<std::string, offset_t> local_tails; ///< of the sealed servers; one of them reaches range.to
    duration timeout{};
    duration pause{};
    std::uint64_t fetch_bytes_max = 4 * wire::mib;
  };
  /// `servers` outlives the repair.
  repair(settings how, peers &servers);
  ~repair();
  repair(const repair &) = delete;
  repair &operator=(const repair &) = delete;

  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const { return busy_ || done() ? never : resume_at_; }

  [[nodiscard]] bool done() const { return at_ >= settings_.range.to; }
  [[nodiscard]] bool superseded() const { return superseded_; }
  [[nodiscard]] std::uint64_t entries_copied() const { return entries_copied_; }
  [[nodiscard]] std::string waits_for() const;

private:
  struct piece {
    wire::fetched answer;
    rope payload;
    offset_t next = 0;
  };
  void fetch_next();
  void on_fetched(const std::string &node, const result<wire::fetched> &answer, const rope &payload);
  void store_piece();
  void on_stored(const std::string &node, const result<wire::stored> &answer);
  void fail(const std::string &node, const std::string &why);

  settings settings_;
  peers &peers_;
  offset_t at_ = 0;
  bool busy_ = false;
  bool superseded_ = false;
  time_point now_{};
  time_point resume_at_{duration::min()};
  std::vector<std::string> sources_; ///< servers that may have the entry at at_, not yet asked
  std::string source_;
  piece piece_;
  std::size_t unanswered_ = 0;
  std::size_t copies_ = 0;
  std::uint64_t entries_copied_ = 0;
  std::map<std::string, std::string> failures_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
