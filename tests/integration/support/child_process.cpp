#include "child_process.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace outsize::test {

namespace {

[[noreturn]] void fail(const std::string &what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct pipe_ends {
  int read = -1;
  int write = -1;
};
pipe_ends make_pipe() {
  std::array<int, 2> made{};
  if (::pipe2(made.data(), O_CLOEXEC) != 0) {
    fail("pipe");
  }
  return {made[0], made[1]};
}

/// Only calls that are allowed between fork and exec in a process with threads.
[[noreturn]] void become(char *const *arguments, pid_t parent, bool obeys_modes, int in, int out, int err) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (obeys_modes) { // what is not in the bounding set is not given to root by exec; others have nothing to lose
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE);
    ::prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH);
  }
  if (::getppid() != parent || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0) {
    ::_exit(127); // the parent may have died before prctl
  }
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

/// A descriptor that is readable once the process has ended. Debian 12's header for it is not for C++.
int open_pid(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

int milliseconds_until(time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
}

/// Reads what is there; false at the end of the stream.
bool read_some(int fd, std::string &to) {
  std::array<char, 65536> block{};
  const ssize_t count = ::read(fd, block.data(), block.size());
  to.append(block.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  return count > 0 || (count < 0 && errno == EINTR);
}

void close_one(int &fd) {
  if (fd >= 0) {
    ::close(fd);
    fd = -1;
  }
}

} // namespace

child_process::child_process(const options &how) {
  std::vector<char *> arguments;
  for (const std::string &one : how.command) {
    arguments.push_back(const_cast<char *>(one.c_str()));
  }
  arguments.push_back(nullptr);
  const int in = ::open(how.stdin_file.c_str(), O_RDONLY | O_CLOEXEC);
  const pipe_ends out = make_pipe();
  pipe_ends err;
  if (how.stderr_file.empty()) {
    err = make_pipe();
  } else {
    err.write = ::open(how.stderr_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  if (in < 0 || err.write < 0) {
    fail("cannot open " + (in < 0 ? how.stdin_file : how.stderr_file));
  }
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    become(arguments.data(), parent, how.obeys_modes, in, out.write, err.write);
  }
  ::close(in);
  ::close(out.write);
  ::close(err.write);
  out_ = out.read;
  err_ = err.read;
  pid_fd_ = pid_ < 0 ? -1 : open_pid(pid_);
  if (pid_fd_ < 0) {
    fail("cannot start " + how.command.front());
  }
}

child_process::~child_process() {
  if (!exit_code_.has_value()) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_one(pid_fd_);
  close_one(out_);
  close_one(err_);
}

void child_process::signal(int number) const {
  if (!exit_code_.has_value()) {
    ::kill(pid_, number);
  }
}

std::optional<std::string> child_process::read_line(time_point deadline) {
  for (;;) {
    if (const std::size_t end = out_text_.find('\n'); end != std::string::npos) {
      const std::string line = out_text_.substr(0, end);
      out_text_.erase(0, end + 1);
      return line;
    }
    pollfd wait{out_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, milliseconds_until(deadline));
    if (ready == 0 || (ready > 0 && !read_some(out_, out_text_))) {
      return std::nullopt;
    }
  }
}

std::optional<int> child_process::wait(time_point deadline) {
  while (!exit_code_.has_value()) {
    pollfd wait{pid_fd_, POLLIN, 0};
    if (::poll(&wait, 1, milliseconds_until(deadline)) == 0) {
      return std::nullopt;
    }
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }
  return exit_code_;
}

std::optional<child_process::output> child_process::collect(time_point deadline) {
  while (out_ >= 0 || err_ >= 0) {
    std::array<pollfd, 2> waits{{{out_, POLLIN, 0}, {err_, POLLIN, 0}}}; // poll passes over negative descriptors
    if (::poll(waits.data(), waits.size(), milliseconds_until(deadline)) == 0) {
      return std::nullopt;
    }
    if (waits[0].revents != 0 && !read_some(out_, out_text_)) {
      close_one(out_);
    }
    if (waits[1].revents != 0 && !read_some(err_, err_text_)) {
      close_one(err_);
    }
  }
  const std::optional<int> code = wait(deadline);
  return code ? std::optional(output{*code, out_text_, err_text_}) : std::nullopt;
}

} // namespace outsize::test
