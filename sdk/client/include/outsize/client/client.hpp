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
#include <vector>

namespace outsize::client {

using wire::offset_t;

/// What to append. The payload is shared, never copied.
struct record {
  rope payload;
  wire::record_header header; ///< producer, key, headers; all may be empty
};

/// A record that was read: verified, whole.
struct read_record {
  offset_t offset = 0;
  wire::record_header header;
  rope payload;
  std::uint64_t timestamp_ms = 0; ///< the sequencer's wall clock at the append; for humans
};

struct read_batch {
  std::vector<read_record> records;
  offset_t next = 0; ///< where to go on
  offset_t global_tail = 0;
  offset_t trim_point = 0;
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
  std::function<std::uint64_t()> random; ///< empty: the system's
};

class client {
public:
  /// A failure carries the refusal shape; without an answer in time it is timed_out before anything was sent and
  /// outcome_unknown after it.
  using appended = std::function<void(wire::append_result)>;
  using batch_read = std::function<void(result<read_batch>)>;
  using answered = std::function<void(result<std::string>)>;

  client(std::vector<std::unique_ptr<transport_handle>> transports, client_options options);
  ~client();
  client(const client &) = delete;
  client &operator=(const client &) = delete;

  /// Queues an append; records of one log go out, and are answered, in order. The answer's `refused` says why not.
  void append(const std::string &log, record what, time_point deadline, appended then);
  /// Bytes of appends queued or unanswered: a producer's measure for holding back.
  [[nodiscard]] std::uint64_t unanswered_bytes() const;

  void read(const std::string &log, const read_options &how, time_point deadline, batch_read then);
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

/// A client for programs that wait: each call returns when it is done, has failed, or `stop` says so (interrupted).
class blocking_client {
public:
  blocking_client(std::vector<std::unique_ptr<transport_handle>> transports, client_options options,
                  std::function<bool()> stop = {});

  /// Waits until connected, again where the connection was lost meanwhile; the error says which addresses were tried
  /// and why each failed. Ends early when trying again cannot help.
  result<void> connect();
  result<wire::append_result> append(const std::string &log, record what);
  result<read_batch> read(const std::string &log, const read_options &how);
  result<wire::tail> find_tail(const std::string &log);
  result<std::string> command(const std::string &name, const std::string &arguments);

  /// Polls until `done` returns true or `deadline` passes; false on the latter and on stop.
  bool run_until(const std::function<bool()> &done, time_point deadline);
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
