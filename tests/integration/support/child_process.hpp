// A program started by a test. It dies with the test, however that ends.
//
// Thread rule: one thread, the one that started it (the kernel ties the child to that thread).
#pragma once

#include <outsize/time.hpp>

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace outsize::test {

class child_process {
public:
  struct options {
    std::vector<std::string> command; ///< absolute path first
    std::string stdin_file = "/dev/null";
    std::string stderr_file;  ///< appended to; empty: kept, see collect
    bool obeys_modes = false; ///< file modes hold for it even when root runs the tests
  };
  struct output {
    int exit_code = 0; ///< 128 + n when signal n ended it
    std::string out;
    std::string err;
  };

  /// Throws std::runtime_error when it cannot be started.
  explicit child_process(const options &how);
  /// Kills it when it still runs.
  ~child_process();
  child_process(const child_process &) = delete;
  child_process &operator=(const child_process &) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;

  /// The next line of stdout without its end; nothing when stdout ended or the deadline passed.
  std::optional<std::string> read_line(time_point deadline);
  /// The exit code, once it ended; nothing at the deadline.
  std::optional<int> wait(time_point deadline);
  /// Everything it writes until it ends; nothing at the deadline.
  std::optional<output> collect(time_point deadline);

private:
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string out_text_;
  std::string err_text_;
  std::optional<int> exit_code_;
};

} // namespace outsize::test
