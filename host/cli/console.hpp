// Where the tool writes: results on stdout, refusals and progress on stderr, or with --json everything but progress as
// one object per line on stdout.
//
// Thread rule: one thread.
#pragma once

#include "host/config/problem.hpp"

#include <outsize/wire/messages.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace outsize::host {

inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_interrupted = 130;

/// A refusal in the order in which its line names things. `place` is a file, or empty: then the log stands there.
problem to_problem(const wire::refusal &why, const std::string &place);

/// The refusal shape as JSON: code, stage, actual_bytes, limit_bytes, limit_source, log, producer, record_index,
/// policy_trace, remedy, and text, retry, peer.
nlohmann::ordered_json to_json(const wire::refusal &why);

/// Text if it is UTF-8; otherwise null, and the caller falls back to base64.
bool is_utf8(std::string_view bytes);

class console {
public:
  explicit console(bool json) : json_(json) {}

  [[nodiscard]] bool json() const { return json_; }

  void text(std::string_view lines); ///< on stdout, as it is; with or without --json
  void object(const nlohmann::ordered_json &one);

  /// Says what went wrong, and returns the exit code that belongs to it.
  int failed(const problem &why);
  int failed(const error &why);
  int refused(const wire::refusal &why, const std::string &file = {});

  /// Bytes of a payload, on stdout.
  void bytes(const rope &payload);

  /// False once stdout could not be written: its reader is gone, or the disk is full.
  [[nodiscard]] bool ok();

private:
  bool json_;
};

} // namespace outsize::host
