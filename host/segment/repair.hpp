// Repair of a sealed segment: brings every entry from the committed tail to the end to a write quorum, in order, and
// decides where the end is.
//
// Why there is a copy of everything: a log server takes entries in order, and jumps over offsets only below the global
// tail it was told. So a server whose local tail lies beyond an offset at or above every known global tail holds that
// offset. Nothing in the range can be without a copy, unless a disk lost it: that is data_loss, said and waited out,
// and never a filler in place of what may have been acknowledged.
//
// An entry whose only copies are out of reach is cut off together with all after it when that is proven to be harmless:
// when an f-majority of the sealed servers ends at or below it, it was never committed (see find_tail.hpp).
//
// Memory: the listing of one window, and one piece of repair_bytes_max or one entry on its way from a server to others.
//
// A machine on `peers`. Thread rule: one thread; callbacks end with task.changed.
#pragma once

#include "host/segment/find_tail.hpp"
#include "host/segment/member_try.hpp"
#include "host/segment/peers.hpp"
#include "host/segment/segment_task.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace outsize::host {

class segment_repair {
public:
  /// After a seal at an f-majority. `servers` outlives it.
  segment_repair(segment_task task, peers &servers, const segment_seal::states &sealed);
  segment_repair(const segment_repair &) = delete;
  segment_repair &operator=(const segment_repair &) = delete;

  /// Who has sealed by now; whoever is new may give and take copies as well.
  void on_sealed(const segment_seal::states &sealed);
  void step(time_point now);
  void on_link_up(const std::string &node);
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] bool done() const { return at_ >= end_; }
  /// The end of the segment; may become smaller until done.
  [[nodiscard]] offset_t end() const { return end_; }
  /// Checksums of the entries from task.known_tail to the end, when there is a known tail.
  [[nodiscard]] const std::map<offset_t, wire::digest> &kept() const { return kept_; }
  [[nodiscard]] std::uint64_t entries_copied() const { return entries_copied_; }
  [[nodiscard]] const std::optional<std::string> &superseded() const { return superseded_; }
  [[nodiscard]] std::string waits_for() const;

private:
  struct member {
    member_try tries;
    offset_t listed_to = wire::no_offset; ///< below it, what it has is in `window_`
    bool listing = false;
  };
  struct known_entry {
    wire::entry_header header;
    std::set<std::string> holders; ///< intact, as far as known
  };
  struct piece {
    offset_t first = wire::no_offset;
    offset_t end = wire::no_offset;
    std::vector<buffer> headers;
    rope payload;
  };

  void open_window(time_point now);
  void list_members(time_point now);
  void list(const std::string &node, time_point now);
  [[nodiscard]] bool awaits_listing(time_point now) const;
  void on_listed(const std::string &node, const result<wire::entries> &answer);
  void note_entry(const std::string &node, const buffer &raw);
  void pass_over_kept();
  void copy_next(time_point now);
  [[nodiscard]] std::string find_source(time_point now) const;
  void on_no_source();
  [[nodiscard]] duration patience_with(const std::string &node) const;
  void fetch(const std::string &node, time_point now);
  [[nodiscard]] offset_t piece_end(const std::string &source) const;
  void on_fetched(const std::string &node, offset_t first, const result<wire::fetched> &answer, const rope &payload);
  void store_piece(time_point now);
  void store(const std::string &node, time_point now);
  [[nodiscard]] bool lacks_piece(const std::string &node) const;
  void on_stored(const std::string &node, offset_t first, offset_t end, const result<wire::stored> &answer);
  void on_failure(const std::string &node, const error &why);
  void stop(std::string why);
  void say(int level, const std::string &text) const;

  segment_task task_;
  peers &servers_;
  std::map<std::string, member> members_; ///< who has sealed
  offset_t at_ = wire::no_offset;         ///< everything below is on a write quorum
  offset_t end_ = wire::no_offset;
  offset_t lowest_end_ = wire::no_offset; ///< nothing at or above it was ever committed
  offset_t window_end_ = wire::no_offset;
  time_point window_at_{}; ///< when it was opened
  std::map<offset_t, known_entry> window_;
  std::optional<piece> piece_;
  bool fetching_ = false;
  std::map<offset_t, wire::digest> kept_;
  std::uint64_t entries_copied_ = 0;
  std::optional<std::string> superseded_;
  std::string stopped_; ///< two values at one offset: nothing goes on before an operator has looked
  std::string lost_;    ///< no copy is left on any server that answers
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
