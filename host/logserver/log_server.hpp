// A log server: accepts stores in order, makes them durable, serves them, takes seals and repairs.
//
// A machine: requests come in as decoded messages, answers go out through the function that came with each, in any
// order and possibly later. It knows no link and no file.
//
// Order of the checks of a store (research: restate 1.5): form and checksums, fence, seal, fail-stop, budget, order.
//   - An offset is accepted when it continues the local tail. A gap is legal only below the global tail in the message:
//     those offsets are committed elsewhere; they are remembered as a hole and fetched later (catch_up).
//   - Offsets below the local tail that are held already are compared: equal segment, generation and checksum is
//     success without a write, anything else stops the log on this server (offset_occupied) and is reported.
//   - A seal fences older generations, durably, before it is answered. After it only repairs are taken.
//   - After a failed commit nothing is answered and nothing accepted any more (fail-stop): on_fail_stop tells the
//   owner.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/storage/storage.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace outsize::host {

struct log_server_options {
  std::uint64_t memory_budget_bytes = 0; ///< payload of stores accepted and not yet durable, plus reads being answered
  std::function<void(const error &why)> on_fail_stop;
  std::function<void(const segment_id &segment, const error &why)> on_segment_stopped; ///< offset_occupied
  /// An entry that is held here but does not match its checksum; catch_up fetches another copy. Called once per read.
  std::function<void(const segment_id &segment, offset_t offset)> on_damaged;
};

/// A copy of what the server knows of one segment, for answers, status and catch-up.
struct segment_snapshot {
  segment_id id;
  segment_row row;                  ///< as durable
  offset_t accepted_tail = 0;       ///< first offset not accepted, durable or not
  offset_t global_tail = 0;         ///< highest heard of; row.global_tail is what would survive a restart
  bool stopped = false;             ///< by offset_occupied
  std::uint64_t entries_stored = 0; ///< since this start
  std::uint64_t bytes_stored = 0;
};

class log_server {
public:
  template <class Answer> using answer_to = std::function<void(Answer)>;
  template <class Answer> using fallible_answer_to = std::function<void(result<Answer>, rope payload)>;

  /// `store` outlives the server and has been loaded into `known`.
  log_server(storage &store, std::vector<std::pair<segment_id, segment_row>> known, log_server_options options);
  ~log_server();
  log_server(const log_server &) = delete;
  log_server &operator=(const log_server &) = delete;

  void on_store(wire::store message, rope payload, time_point now, answer_to<wire::stored> answer);
  void on_seal(const wire::seal &message, answer_to<wire::sealed> answer);
  /// Verifies every entry before it goes out; damaged ones are named in `corrupt` and left out. With fetch_for_readers
  /// a fragment goes out as its header, and its bytes are neither read nor verified.
  void on_fetch(const wire::fetch &message, fallible_answer_to<wire::fetched> answer);
  /// The same for fragments of one split set, by index: one run of consecutive ones (set_reader.hpp).
  void on_fetch_set(const wire::fetch_set &message, fallible_answer_to<wire::set_fetched> answer);
  void on_list_entries(const wire::list_entries &message, fallible_answer_to<wire::entries> answer);
  [[nodiscard]] wire::segment_state on_describe(const wire::describe_segment &message) const;
  void on_release(const wire::release &message);

  /// The segment begins at `base`: nothing below it is missing. From the metadata, as soon as it is known there.
  void set_base(const segment_id &segment, offset_t base);

  [[nodiscard]] std::vector<segment_snapshot> segments() const;
  [[nodiscard]] const segment_snapshot *find(const segment_id &segment) const;
  [[nodiscard]] bool stopped() const;
  /// How often a read found an entry damaged, since this start.
  [[nodiscard]] std::uint64_t times_damaged() const;
  /// Bytes charged to the memory budget now.
  [[nodiscard]] std::uint64_t memory_bytes() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace outsize::host
