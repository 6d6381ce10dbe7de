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
#include <vector>

namespace outsize::host {

inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_interrupted = 130;

/// A refusal in the order in which its line names things. `place` is a file, or empty: then the log stands there.
problem to_problem(const wire::refusal &why, const std::string &place);

/// An answer of a node, as its place says then: "node n1".
error said_by_node(error why);

/// The refusal shape as JSON: code, stage, actual_bytes, limit_bytes, limit_source, log, producer, record_index,
/// policy_trace, remedy, and text, retry, peer.
nlohmann::ordered_json to_json(const wire::refusal &why);
/// The policies that were asked, in order: policy, plan, reason.
nlohmann::ordered_json to_json(const std::vector<wire::policy_step> &trace);

/// Text if it is UTF-8; otherwise null, and the caller falls back to base64.
bool is_utf8(std::string_view bytes);

class console {
public:
  explicit console(bool json) : json_(json) {}

  [[nodiscard]] bool json() const { return json_; }

  void text(std::string_view lines); ///< on stdout, as it is; with or without --json
  void object(const nlohmann::ordered_json &one);

  /// Says what went wrong, and returns the exit code that belongs to it: a wrong configuration is a usage error. `file`
  /// is the one that was being appended, if any.
  int failed(const problem &why, const std::string &file = {});
  int failed(const error &why);
  /// The same where there is no session yet: then a wrong value is one of the command line.
  int unopened(const problem &why);
  int refused(const wire::refusal &why, const std::string &file = {});

  /// Bytes of a payload, on stdout.
  void bytes(const rope &payload);

  /// False once stdout could not be written: its reader is gone, or the disk is full. Flushes.
  [[nodiscard]] bool ok();
  /// Says on stderr why stdout is not ok, unless its reader has simply gone. The exit code.
  int say_broken();

private:
  bool json_;
  int broken_ = 0; ///< errno of the first failure to write stdout
};

} // namespace outsize::host
