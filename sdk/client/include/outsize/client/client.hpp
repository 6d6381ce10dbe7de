// The client: appends records to logs and reads them back, over transports that its owner opened.
//
// A machine like the endpoint below it: everything happens inside the calls and inside poll. For programs that would
// rather wait there is blocking_client, which drives one of these with poll(2).
//
// Thread rule: one thread. Callbacks run inside poll, or inside the call when it fails at once.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/transport_handle.hpp>
#include <outsize/wire/messages.hpp>
#include <outsize/wire/types.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace outsize::client {

using wire::offset_t;

/// What to append. The payload is shared, never copied.
struct record {
  rope payload;
  wire::record_header header; ///< producer, key, headers; all may be empty
};

/// A payload that is not in memory: a file, say. Its length is known beforehand and does not change.
struct payload_source {
  std::uint64_t bytes = 0;
  /// Exactly `bytes` bytes from position `from` on, called inside poll, or inside append for small payloads; `from` is
  /// where the last call ended, or 0 when the record is sent again from its beginning. An error ends the append with
  /// that error, and nothing of the record becomes visible. It is let go when the record's outcome is known.
  std::function<result<rope>(std::uint64_t from, std::uint64_t bytes)> read;
  bool can_rewind = true; ///< false: an append that is cut off is refused instead of sent again
};

/// What is known of a record whose payload did not come with it; read it with a payload_reader.
struct large_payload {
  std::uint64_t bytes = 0;
  std::variant<wire::split_record, wire::spilled_record> kept; ///< in fragments, or in a blob store
  buffer record_header;                                        ///< as it was appended
  wire::digest content{};                                      ///< XXH3-128 of record_header and payload
};

/// A record that was read: verified, whole, but for the payload of a large one.
struct read_record {
  offset_t offset = 0;
  wire::record_header header;
  rope payload;                   ///< empty when the record is large
  std::uint64_t timestamp_ms = 0; ///< the sequencer's wall clock at the append; for humans
  std::optional<large_payload> large;
  [[nodiscard]] std::uint64_t payload_bytes() const { return large.has_value() ? large->bytes : payload.size(); }
};

struct read_batch {
  std::vector<read_record> records;
  offset_t next = 0; ///< where to go on
  offset_t global_tail = 0;
  offset_t trim_point = 0;
};

/// Bytes of the payload of a large record. They were verified where they came from; that they are all of it, and those
/// that were appended, is known when all of them are compared with large_payload::content.
struct payload_piece {
  std::uint64_t from = 0;
  std::uint64_t total_bytes = 0; ///< of the payload
  rope bytes;                    ///< none only at its end
};

struct read_options {
  offset_t from = wire::first_offset;
  offset_t to = UINT64_MAX; ///< inclusive
  std::uint32_t count_max = 0;
  std::uint64_t bytes_max = 4 * 1024 * 1024; ///< soft, of one batch
  duration wait{};                           ///< at the tail, for a record
};

struct client_options {
  std::vector<std::string> addresses; ///< tried in order, again and again, until `connect_timeout`
  std::string name = "client";
  std::uint64_t message_limit_bytes = 32 * 1024 * 1024;
  duration connect_timeout = std::chrono::seconds(5);
  duration request_timeout = std::chrono::seconds(30); ///< for appends without deadline, reads and commands
  /// Records of one log that are waiting together are sent in one message, up to so many bytes.
  std::uint64_t coalesce_bytes_max = 256 * 1024;
  /// Payloads up to so many bytes are sent without asking; the node is asked about larger ones first, and takes them
  /// whole or in pieces, as the log's size policies say.
  std::uint64_t whole_bytes_max = 1024 * 1024;
  std::uint32_t large_appends_max = 4;   ///< on their way in pieces at a time; each may have a window in memory
  std::function<std::uint64_t()> random; ///< empty: the system's
};

class client {
public:
  /// A failure carries the refusal shape; without an answer in time it is timed_out before anything was sent and
  /// outcome_unknown after it.
  using appended = std::function<void(wire::append_result)>;
  using batch_read = std::function<void(result<read_batch>)>;
  using piece_read = std::function<void(result<payload_piece>)>;
  using answered = std::function<void(result<std::string>)>;

  client(std::vector<std::unique_ptr<transport_handle>> transports, client_options options);
  ~client();
  client(const client &) = delete;
  client &operator=(const client &) = delete;

  /// Queues an append; records of one log go out, and are answered, in order. The answer's `refused` says why not.
  ///
  /// Records above `whole_bytes_max` are an exception from the order: what is queued behind one may be in the log
  /// before it, unless both have the same producer. A producer's records keep their order: they wait, and with them
  /// what is queued behind them for that log, until its large one has ended. For these records the time from now to
  /// `deadline` is how long each answer may take; the whole may take as long as it goes on. Until the last piece was
  /// taken they are refused when something fails, never in doubt. One that the end of a segment or a lost link cuts off
  /// is sent again from its beginning, five times at most.
  void append(const std::string &log, record what, time_point deadline, appended then);
  /// The same for a payload that is not in memory: at most a window of it is at any time, unless the log takes it
  /// whole.
  void append(const std::string &log, const wire::record_header &header, payload_source payload, time_point deadline,
              appended then);
  /// Bytes of appends queued or unanswered, as far as they are in memory: a producer's measure for holding back.
  [[nodiscard]] std::uint64_t unanswered_bytes() const;

  void read(const std::string &log, const read_options &how, time_point deadline, batch_read then);
  /// At least one and at most `bytes_max` bytes (0: as many as the node gives) of the payload of the large record at
  /// `offset`, from its byte `from` on. Asked again when the link is lost meanwhile.
  void read_payload(const std::string &log, offset_t offset, std::uint64_t from, std::uint64_t bytes_max,
                    time_point deadline, piece_read then);
  void find_tail(const std::string &log, time_point deadline, std::function<void(result<wire::tail>)> then);
  /// An operator's command; arguments and result are JSON objects.
  void command(const std::string &name, const std::string &arguments, time_point deadline, answered then);

  [[nodiscard]] bool connected() const;
  /// Why each address that was tried did not answer.
  [[nodiscard]] std::optional<error> last_failure() const;
  /// None of the addresses can ever answer as things are: each is malformed, of another cluster or the like.
  [[nodiscard]] bool is_hopeless() const;

  /// Runs links and deadlines; returns when it wants to run next, unless a descriptor is readable before.
  time_point poll(time_point now);
  /// Something was asked since the last poll: poll before waiting.
  [[nodiscard]] bool wants_poll() const;
  [[nodiscard]] std::vector<int> event_fds() const;

private:
  struct state;
  std::unique_ptr<state> state_;
};

class payload_reader;

/// A client for programs that wait: each call returns when it is done, has failed, or `stop` says so (interrupted).
class blocking_client {
public:
  blocking_client(std::vector<std::unique_ptr<transport_handle>> transports, client_options options,
                  std::function<bool()> stop = {});

  /// Waits until connected, again where the connection was lost meanwhile; the error says which addresses were tried
  /// and why each failed. Ends early when trying again cannot help.
  result<void> connect();
  result<wire::append_result> append(const std::string &log, record what);
  /// As client::append, with the request timeout for each answer.
  result<wire::append_result> append(const std::string &log, const wire::record_header &header, payload_source payload);
  result<read_batch> read(const std::string &log, const read_options &how);
  /// The next bytes of a payload; none at its end, when all were verified. `from` reads through machine().
  result<rope> next(payload_reader &from);
  result<wire::tail> find_tail(const std::string &log);
  result<std::string> command(const std::string &name, const std::string &arguments);

  /// Polls until `done` returns true or `deadline` passes; false on the latter and on stop. `done` is asked after every
  /// poll, and at once when the descriptor `also` has something to read.
  bool run_until(const std::function<bool()> &done, time_point deadline, std::optional<int> also = std::nullopt);
  [[nodiscard]] client &machine() { return client_; }

private:
  /// Between two calls nobody polls, and a node gives up on a client that it hears nothing of. What became of the links
  /// meanwhile is learned before anything is sent over them.
  void take_news();

  client client_;
  client_options options_;
  std::function<bool()> stop_;
};

} // namespace outsize::client
