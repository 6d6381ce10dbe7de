// Where a log server keeps entries, and what it must remember of each segment.
//
// Everything is asked for and answered later, so that the thread that orders records never waits for a disk: the real
// engine works on its own threads, the simulated one on simulated time.
//
// Thread rule: all functions, and all callbacks (from inside run_completions), on the node's loop thread.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::host {

using wire::generation_t;
using wire::offset_t;
using wire::segment_id;

/// Offsets [from, to).
struct offset_range {
  offset_t from = 0;
  offset_t to = 0;
  bool operator==(const offset_range &) const = default;
};

/// What a log server durably knows about one segment, besides the entries.
struct segment_row {
  generation_t fence = 0; ///< generations below it are refused
  bool sealed = false;
  offset_t local_tail = 0;  ///< every offset below is held, trimmed, or in `holes`
  offset_t global_tail = 0; ///< highest ever heard of
  offset_t trim_point = 0;
  std::vector<offset_range> holes; ///< below local_tail and not held; ascending, apart from each other
  bool operator==(const segment_row &) const = default;
};

/// One entry to be written: its encoded header, then record header and payload, as they came.
struct entry_write {
  offset_t offset = 0;
  rope bytes;
};

/// Things that become durable together, or not at all.
struct commit {
  segment_id segment;
  std::vector<entry_write> entries;
  segment_row row; ///< replaces the segment's row
};

struct read_request {
  segment_id segment;
  offset_t from = 0;
  offset_t to = 0;                   ///< exclusive
  std::uint64_t bytes_max = 0;       ///< soft: at least one entry comes if there is one
  std::uint32_t count_max = 0;       ///< 0 = no bound
  bool headers_only = false;         ///< only the first wire::entry_header_bytes of each entry
  bool fragments_as_headers = false; ///< the same, of entries whose header says that they are fragments
};

struct read_entry {
  offset_t offset = 0;
  buffer bytes; ///< as they were written; whether they are intact is the caller's to check. Empty: here, but unreadable
};

struct read_result {
  std::vector<read_entry> entries; ///< ascending
  offset_t next = 0;               ///< everything below was looked at
};

/// Asks where fragments [from, to) of a split set lie.
struct fragment_request {
  segment_id segment;
  std::uint64_t set = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;        ///< exclusive
  std::uint32_t count_max = 0; ///< 0 = no bound
};

/// One fragment was written at this offset; whether it still is what lies there is the caller's to check.
struct fragment_place {
  std::uint32_t index = 0;
  offset_t offset = 0;
  bool operator==(const fragment_place &) const = default;
};

struct fragment_result {
  std::vector<fragment_place> places; ///< ascending by index
  std::uint32_t next = 0;             ///< every index below was looked at
};

/// What a store has done since it was opened; for `outsize status`.
struct storage_counters {
  std::uint64_t commits = 0;          ///< made durable
  std::uint64_t syncs = 0;            ///< groups of commits: each became durable at once
  std::uint64_t flushes = 0;          ///< of what was gathered in memory
  std::uint64_t compactions = 0;      ///< of what was written before
  std::uint64_t compaction_bytes = 0; ///< written by them
};

class storage {
public:
  using committed = std::function<void(result<void>)>;
  using read_done = std::function<void(result<read_result>)>;
  using fragments_found = std::function<void(result<fragment_result>)>;

  virtual ~storage() = default;

  /// Every segment this store knows. Blocks; called once, before anything else.
  virtual result<std::vector<std::pair<segment_id, segment_row>>> load() = 0;

  /// Makes `what` durable (fsynced), then calls `then`. Commits take effect in the order they were submitted; several
  /// may share one fsync. Failures:
  ///   storage_failed  the outcome is unknown: the store refuses every later commit, and the caller must stop
  ///                   (fail-stop) and must not say that the entries are absent
  ///   disk_full       refused before a byte was written, because the disk's reserve would be touched: certainly not
  ///                   stored, and the store goes on. So that no commit rests on a refused one, every commit submitted
  ///                   before the first refusal was told (its `then` called) is refused as well; later ones are judged
  ///                   anew. Commits without entries (seals, rows) and values may use half of the reserve.
  /// An entry whose bytes are an intact fragment of this segment and offset also gets a row, set and index to offset,
  /// durable with it or not at all; the last one written for an index counts.
  virtual void submit(commit what, committed then) = 0;

  /// Reads durable entries; entries submitted and not yet durable may be missing.
  virtual void read(read_request what, read_done then) = 0;

  /// Where fragments lie whose commits are durable; others may be missing. Fails with storage_failed when that cannot
  /// be read: absence is never said in its place.
  virtual void find_fragments(fragment_request what, fragments_found then) = 0;

  /// Calls what has finished. Returns how many.
  virtual std::size_t run_completions() = 0;
  /// Readable whenever run_completions would call something; -1 when the owner polls anyway.
  virtual int event_fd() = 0;

  /// Bytes submitted and not yet durable.
  [[nodiscard]] virtual std::uint64_t pending_bytes() const = 0;
  /// Zeros from a store that does not count.
  [[nodiscard]] virtual storage_counters counters() const { return {}; }
};

/// A small durable map for what is not entries: metadata, and the marks of a data directory.
class value_store {
public:
  using stored = std::function<void(result<void>)>;
  virtual ~value_store() = default;
  /// Every key that begins with `prefix`, and its value. Blocks; for the start.
  virtual result<std::vector<std::pair<std::string, std::string>>> load(const std::string &prefix) = 0;
  /// Makes the value durable, then calls `then` from inside run_completions.
  virtual void put(std::string key, std::string value, stored then) = 0;
  virtual std::size_t run_completions() = 0;
  virtual int event_fd() = 0;
};

} // namespace outsize::host
