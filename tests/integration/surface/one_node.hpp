// A cluster of one real node with a log "orders", and the tool connected to it.
//
// Thread rule: one thread.
#pragma once

#include "../support/child_process.hpp"
#include "../support/node_process.hpp"
#include "../support/port_lease.hpp"
#include "../support/work_dir.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace outsize::test {

class one_node {
public:
  one_node();

  node_process &node() { return node_; }
  /// Starts the node again after it ended.
  void restart();
  /// Starts `outsize` with these arguments; `more` are further words in front of it (a wrapper).
  [[nodiscard]] std::unique_ptr<child_process> begin(std::vector<std::string> arguments,
                                                     const std::string &stdin_file = "/dev/null",
                                                     std::vector<std::string> wrapper = {}) const;
  /// The same, run to its end.
  [[nodiscard]] child_process::output run(std::vector<std::string> arguments,
                                          const std::string &stdin_file = "/dev/null",
                                          std::vector<std::string> wrapper = {}) const;
  [[nodiscard]] std::uint64_t records_committed() const;

  [[nodiscard]] std::string file(const std::string &name, const std::string &text) const;
  /// A named pipe that has a writer, so that a reader waits for bytes and not for its opening.
  [[nodiscard]] std::string pipe(const std::string &name);
  [[nodiscard]] std::string path(const std::string &name) const { return folder_ / name; }

private:
  class open_file {
  public:
    explicit open_file(const std::string &path);
    ~open_file();
    open_file(open_file &&other) noexcept;
    open_file &operator=(open_file &&) = delete;

  private:
    int fd_;
  };

  work_dir folder_;
  port_lease ports_;
  node_process node_;
  std::vector<open_file> writers_;
};

/// The lines of what a program wrote.
std::vector<std::string> lines_of(const std::string &text);

} // namespace outsize::test
