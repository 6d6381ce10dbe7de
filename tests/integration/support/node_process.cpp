#include "node_process.hpp"

#include "await.hpp"
#include "programs.hpp"

#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace outsize::test {

namespace {

std::string text_of(const std::string &file) {
  std::ifstream from(file);
  return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

} // namespace

node_process::node_process(std::string name, std::string folder)
    : name_(std::move(name)), config_file_(folder + "/" + name_ + ".toml"), log_file_(folder + "/" + name_ + ".log") {}

void node_process::start(const std::string &config, bool obeys_modes) {
  std::ofstream(config_file_) << config;
  child_process::options how;
  how.command = {outsized_program, "--config", config_file_};
  how.stderr_file = log_file_;
  how.obeys_modes = obeys_modes;
  process_ = std::make_unique<child_process>(how);
}

void node_process::await_ready() {
  const std::optional<std::string> line = process_->read_line(steady_now() + patience);
  if (!line.has_value() || line->rfind("ready node=" + name_ + " ", 0) != 0) {
    FAIL("node " << name_ << " is not ready, it said \"" << line.value_or("") << "\"; the end of its log:\n"
                 << log_tail());
  }
}

int node_process::end(int signal) {
  process_->signal(signal);
  return await_exit();
}

int node_process::await_exit() {
  const std::optional<int> code = process_->wait(steady_now() + patience);
  if (!code.has_value()) {
    FAIL("node " << name_ << " does not end; the end of its log:\n" << log_tail());
  }
  process_.reset();
  return *code;
}

void node_process::signal(int number) const {
  process_->signal(number);
}

std::string node_process::log() const {
  return text_of(log_file_);
}

std::string node_process::log_tail() const {
  constexpr std::size_t tail_bytes = 4000;
  const std::string all = log();
  return all.substr(all.size() - std::min(all.size(), tail_bytes));
}

std::uint64_t node_process::memory(const std::string &what) const {
  std::istringstream lines(text_of("/proc/" + std::to_string(pid()) + "/status"));
  for (std::string word; lines >> word;) {
    if (word == what) {
      std::uint64_t kibibytes = 0;
      lines >> kibibytes;
      return kibibytes * 1024;
    }
  }
  FAIL("node " << name_ << " has no " << what << " in /proc: it runs no more; the end of its log:\n" << log_tail());
  return 0;
}

std::uint64_t node_process::resident_bytes() const {
  return memory("VmRSS:");
}

std::uint64_t node_process::peak_resident_bytes() const {
  return memory("VmHWM:");
}

void node_process::reset_peak() const {
  std::ofstream to("/proc/" + std::to_string(pid()) + "/clear_refs");
  to << "5" << std::flush; // proc(5): resets the peak
  REQUIRE(to.good());
}

} // namespace outsize::test
