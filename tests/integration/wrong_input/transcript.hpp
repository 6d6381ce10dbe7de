// What an operator sees who types something wrong: each command, everything it says, and how it exits, as one text that
// is compared with an approved file.
//
// What differs from run to run is written as a word: DIR, PLUGINS, PORT0 to PORT3, PID.
//
// Thread rule: one thread.
#pragma once

#include "../support/child_process.hpp"
#include "../support/port_lease.hpp"
#include "../support/work_dir.hpp"

#include <string>
#include <utility>
#include <vector>

namespace outsize::test {

class transcript {
public:
  transcript();

  [[nodiscard]] const work_dir &folder() const { return folder_; }
  [[nodiscard]] const port_lease &ports() const { return ports_; }
  /// Writes a file into the folder; its path.
  std::string file(const std::string &name, const std::string &text) const;

  /// `what` is the heading. The first word of a command is `outsized` or `outsize`.
  void run(const std::string &what, const std::vector<std::string> &command,
           const std::string &stdin_file = "/dev/null");
  /// The same without the powers of root over other people's files.
  void run_without_powers(const std::string &what, const std::vector<std::string> &command);
  /// `outsized --config` with this text, and `--check`.
  void check(const std::string &what, const std::string &config);
  /// The same, started; of what it says the line that tells why it ended.
  void start(const std::string &what, const std::string &config);
  void start_without_powers(const std::string &what, const std::string &config);

  /// Compares everything so far with approved/NAME.txt.
  void check_approved(const std::string &name) const;

private:
  child_process::output ended(const std::vector<std::string> &command, const std::string &stdin_file) const;
  void note(const std::string &what, const std::vector<std::string> &command, const child_process::output &said);
  [[nodiscard]] std::string write_config(const std::string &text);
  [[nodiscard]] std::string normal(std::string text) const;

  work_dir folder_;
  port_lease ports_;
  std::string text_;
  int configs_ = 0;
};

} // namespace outsize::test
