// One node of a cluster: an outsized process with its files, started and ended at will.
//
// Thread rule: one thread.
#pragma once

#include "child_process.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>

namespace outsize::test {

class node_process {
public:
  /// Files are `folder`/NAME.toml, NAME.log and the data folder NAME.
  node_process(std::string name, std::string folder);

  /// Writes the configuration and starts the process; await_ready waits for it.
  void start(const std::string &config, bool obeys_modes = false);
  /// Fails the test, with the log's tail, when the line `ready …` does not come.
  void await_ready();
  [[nodiscard]] bool started() const { return process_ != nullptr; }

  /// SIGKILL and SIGTERM end it: its exit code, 128 + signal when killed. Fails the test when it does not end.
  int end(int signal);
  /// Waits until it ends by itself.
  int await_exit();
  /// SIGSTOP, SIGCONT: it lives on.
  void signal(int number) const;

  [[nodiscard]] pid_t pid() const { return process_->pid(); }
  /// Of all its runs so far.
  [[nodiscard]] std::string log() const;
  [[nodiscard]] const std::string &config_file() const { return config_file_; }

  [[nodiscard]] std::uint64_t resident_bytes() const;
  [[nodiscard]] std::uint64_t peak_resident_bytes() const;
  /// The peak counts from what is resident now.
  void reset_peak() const;

private:
  [[nodiscard]] std::string log_tail() const;
  [[nodiscard]] std::uint64_t memory(const std::string &what) const;

  std::string name_;
  std::string config_file_;
  std::string log_file_;
  std::unique_ptr<child_process> process_;
};

} // namespace outsize::test
