// The daemon's log: one line per event on stderr, with time, level and node.
//
//   2026-01-31T12:00:00.000Z info node=n3 event=…
//
// Thread rule: write from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace outsize::host {

class journal {
public:
  /// `level`: "debug", "info", "warn" or "error"; less important lines are left out.
  journal(std::string_view node, std::string_view level);
  ~journal();
  journal(const journal &) = delete;
  journal &operator=(const journal &) = delete;

  /// `level` is one of OUTSIZE_LOG_*. Line breaks in `line` become blanks.
  void write(int level, const std::string &line);

private:
  std::shared_ptr<spdlog::logger> logger_;
};

} // namespace outsize::host
