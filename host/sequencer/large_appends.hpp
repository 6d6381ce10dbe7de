// Records that are being split or spilled: their pieces on the way into the log or the blob store, and the one entry
// that makes each of them visible, whole.
//
//   split   pieces → fragments, appended in turns → all of them committed → commit entry
//   spill   pieces → upload → durable and verified → reference entry
//
// A record is named by its ticket, by which its sequencer knows who waits for it. A set lives in one segment: when that
// ends, what has no last entry on its way has ended too. An append that ends otherwise leaves an abort entry, if any of
// its fragments was given an offset, and no blob.
//
// A machine: it acts through the functions it was given.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/blob/blob_io.hpp"
#include "host/sequencer/batcher.hpp"
#include "host/sequencer/bulk_turns.hpp"
#include "host/sequencer/piece_check.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace outsize::host {

using wire::offset_t;

class large_appends {
public:
  struct settings {
    std::string log;
    std::uint64_t bulk_window_bytes = bulk_window_bytes_default; ///< of fragments on their way
    std::uint32_t open_max = 64;                                 ///< records under way
    duration idle_max = std::chrono::seconds(30);                ///< a client says nothing for so long
    /// Between the first fragment and the commit: bounds the scan that finds how far a trim may reclaim.
    std::uint64_t span_max = 1'000'000;
  };
  struct environment {
    /// Gives an entry to the writer of the open segment; returns the ticket that it put on it.
    std::function<std::uint64_t(admitted_record)> append;
    /// Takes an entry back that has no offset yet; false when it has one.
    std::function<bool(std::uint64_t ticket)> withdraw;
    std::function<offset_t()> next_offset;
    std::function<std::string()> make_key; ///< for a blob; never the same twice
    /// There is room for another piece of this record.
    std::function<void(std::uint64_t record)> on_taken;
    /// The last entry of this record was given to the writer: what must follow it may be given behind it.
    std::function<void(std::uint64_t record)> on_last_entry;
    /// The record will not be in the log. It is gone from here.
    std::function<void(std::uint64_t record, const error &why)> on_ended;
    /// Something happened by itself, outside of any call.
    std::function<void()> changed;
    std::function<void(int level, const std::string &line)> log;
    blob_io *blobs = nullptr; ///< null: nothing can be spilled
  };
  struct plan {
    wire::stored_as how = wire::stored_as::split;
    std::uint64_t fragment_bytes = 0; ///< split
    std::string blob_store;           ///< spill
  };
  /// A record that is in the log.
  struct committed {
    std::uint64_t record = 0;
    wire::stored_as how{};
    std::uint32_t fragments = 0;
    std::string store;
    std::uint64_t entry_bytes = 0; ///< of the last entry
    std::uint64_t payload_bytes = 0;
  };
  struct counters {
    std::uint64_t split = 0;   ///< records
    std::uint64_t spilled = 0; ///< records
    std::uint64_t fragments = 0;
    std::uint64_t split_bytes = 0;
    std::uint64_t spilled_bytes = 0;
    std::uint64_t cut_off = 0;    ///< by the end of a segment
    std::uint64_t aborted = 0;    ///< otherwise
    std::uint64_t dead_bytes = 0; ///< of fragments without a commit
  };
  static constexpr std::uint64_t blob_part_bytes = wire::mib;

  large_appends(settings how, environment around);
  ~large_appends();
  large_appends(const large_appends &) = delete;
  large_appends &operator=(const large_appends &) = delete;

  /// Pieces that the plan cuts a record into have so many bytes.
  static std::uint64_t piece_bytes_of(const plan &what);

  /// overloaded when too many are under way.
  [[nodiscard]] result<void> may_open() const;
  void open(std::uint64_t record, buffer record_header, std::uint64_t payload_bytes, const plan &what, time_point now);
  /// The next piece of an open record; an error ends it (the caller says on_ended to itself).
  result<void> add_piece(std::uint64_t record, std::uint32_t index, const wire::digest &content, rope bytes,
                         time_point now);
  result<void> finish(std::uint64_t record, const wire::digest &content, time_point now);
  /// The whole payload of an open record at once, of which `content` is known to be right.
  void add_all(std::uint64_t record, const rope &payload, const wire::digest &content, time_point now);
  /// Ends a record without a word to on_ended.
  void abandon(std::uint64_t record, const std::string &why);
  [[nodiscard]] bool is_open(std::uint64_t record) const { return open_.contains(record); }
  /// Its last entry has been given to the writer.
  [[nodiscard]] bool has_last_entry(std::uint64_t record) const;

  /// Is this entry one of a large record?
  [[nodiscard]] bool owns(std::uint64_t ticket) const { return entries_.contains(ticket); }
  /// The entry is in the log; what is committed with it, if it was the last of its record.
  std::optional<committed> on_committed(std::uint64_t ticket, offset_t offset);

  /// The segment takes no more entries: records without a last entry on its way end (on_ended is called).
  void on_segment_closed();
  /// After repair of the closed segment: the record of which this was the last entry, kept or not.
  std::optional<committed> take_last_entry(std::uint64_t ticket);
  /// Nothing of the closed segment is in doubt any more.
  void forget_closed() { entries_.clear(); }

  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] std::uint32_t open_count() const { return static_cast<std::uint32_t>(open_.size()); }
  [[nodiscard]] const counters &counted() const { return counted_; }

private:
  struct large {
    buffer record_header;
    std::uint64_t payload_bytes = 0;
    plan what;
    piece_check check;
    std::uint64_t set = 0;              ///< split: its number in the segment
    std::uint32_t fragments_sent = 0;   ///< given to the writer
    std::uint32_t fragments_stored = 0; ///< committed
    offset_t first = wire::no_offset;
    offset_t last = wire::no_offset;
    std::string key; ///< spill
    upload_id upload = 0;
    std::uint32_t parts_under_way = 0;
    wire::running_digest parts;
    std::optional<wire::digest> content; ///< every piece came, and this is the whole
    std::uint64_t last_entry = 0;        ///< its ticket, once it has one
    time_point heard_at{};
    [[nodiscard]] bool waits_for_client() const;
    [[nodiscard]] std::uint64_t sent_bytes() const; ///< of fragments
  };
  /// An entry that was given to the writer.
  struct entry {
    std::uint64_t record = 0; ///< 0: of a record that has ended
    std::uint64_t bytes = 0;  ///< of a fragment
    bool is_last = false;
    committed outcome; ///< of the last
  };

  void give_fragments();
  void give(const bulk_turns::piece &one);
  void upload(std::uint64_t record, large &what, const wire::digest &content, rope bytes);
  void on_uploaded(std::uint64_t record, const result<void> &outcome);
  void finish_upload(std::uint64_t record, large &what);
  void finish_if_whole(std::uint64_t record, large &what);
  void give_last_entry(std::uint64_t record, large &what, wire::entry_kind kind, const buffer &body);
  void end(std::uint64_t record, const error &why);
  /// Takes it out and back what can be taken back.
  void remove(std::uint64_t record, const std::string &why, bool segment_is_open);
  void give_abort_entry(const large &what, const std::string &why);
  void say(int level, const std::string &line) const;

  settings settings_;
  environment around_;
  bulk_turns turns_;
  std::map<std::uint64_t, large> open_;              ///< by record
  std::unordered_map<std::uint64_t, entry> entries_; ///< by ticket
  std::uint64_t last_set_ = 0;
  counters counted_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
