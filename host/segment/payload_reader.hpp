// Reading the payload of one split or spilled record: one question of a client, answered with one piece.
//
// It learns what the record is as a reader of records does (read_stream; nothing at or above the global tail, nothing
// at or below the trim point), or from what an earlier question found. A piece of a split record comes from a log
// server that has its fragments, the node's own first; what is missing, damaged or slow there is asked of the next.
// Each fragment is verified before any of it goes out. A piece of a spilled record comes from its blob store, whose
// parts carry no digest of their own: only its length is checked here, and the reader, who alone has seen it all,
// checks the whole.
//
// Pieces end where a fragment does, so that whoever goes on from there makes nobody fetch one twice; a fragment larger
// than piece_bytes goes out in one piece unless the reader wants less.
//
// A machine: it acts through `peers`, the blob stores and the tail function, asks for the time, and answers once.
//
// Thread rule: the node's loop thread. `then` runs inside on_time or inside an answer to what it asked.
#pragma once

#include "host/blob/blob_io.hpp"
#include "host/segment/large_description.hpp"
#include "host/segment/read_stream.hpp"

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/limits.hpp>
#include <outsize/wire/messages.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace outsize::host {

class payload_reader final : public reading {
public:
  struct environment {
    read_stream::environment records;                 ///< as for reading them; its room is for pieces as well
    blob_io *blobs = nullptr;                         ///< null: this node has no blob stores
    description_cache *known = nullptr;               ///< outlives the reader
    std::uint64_t piece_bytes = wire::mib;            ///< most one answer holds, unless one fragment is larger
    duration blob_timeout = std::chrono::seconds(25); ///< of one question to a blob store
  };
  /// Errors: those of read_stream; trimmed; not_found above the tail, and where this node has no such blob store;
  /// invalid_argument where no such record is, or `from` is beyond it; data_loss without an intact copy; blob_missing,
  /// blob_denied, blob_unavailable, blob_corrupt.
  using answered = std::function<void(result<wire::payload_piece> answer, rope bytes)>;

  payload_reader(environment around, wire::read_payload question, tail_in_segment known_tail, time_point deadline,
                 answered then);
  ~payload_reader() override;

  void start() override;
  void on_time() override;
  [[nodiscard]] time_point next_time() const override;
  [[nodiscard]] bool done() const override;
  [[nodiscard]] tail_in_segment known_tail() const override;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace outsize::host
