// vm.memfd_noexec belongs to a pid namespace and can only be raised there, so the case runs in one of its own.
#include "plugin_folder.hpp"

#include <host/plugin/registry.hpp>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

using namespace outsize::host;

namespace {

constexpr const char *not_tried = "not tried";

std::string refusal_with_setting(const plugin_folder &folder, const std::string &setting) {
  const int fd = ::open("/proc/sys/vm/memfd_noexec", O_WRONLY | O_CLOEXEC);
  const bool set = fd >= 0 && ::write(fd, setting.data(), setting.size()) == static_cast<ssize_t>(setting.size());
  ::close(fd);
  if (!set) {
    return not_tried;
  }
  registry modules({.search_path = {folder.path()}, .sha256_by_id = {}});
  return folder.refusal(modules.load("good"));
}

/// Runs `refusal_with_setting` in the first process of a new pid namespace and hands its answer back.
std::string in_own_namespace(const plugin_folder &folder, const std::string &setting) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t outer = ::fork();
  REQUIRE(outer >= 0);
  if (outer == 0) {
    std::string answer = not_tried;
    const bool apart = ::unshare(CLONE_NEWPID) == 0;
    const pid_t inner = apart ? ::fork() : 0;
    if (inner == 0) {
      answer = apart ? refusal_with_setting(folder, setting) : answer;
      const bool told = ::write(pipe[1], answer.data(), answer.size()) == static_cast<ssize_t>(answer.size());
      ::_exit(told ? 0 : 1);
    }
    ::waitpid(inner, nullptr, 0);
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string answer;
  std::array<char, 1024> chunk{};
  for (ssize_t got = 0; (got = ::read(pipe[0], chunk.data(), chunk.size())) > 0;) {
    answer.append(chunk.data(), static_cast<std::size_t>(got));
  }
  ::close(pipe[0]);
  ::waitpid(outer, nullptr, 0);
  return answer;
}

} // namespace

TEST_CASE("safe load: where the kernel forbids executable memory files the refusal names the setting") {
  const plugin_folder folder;
  folder.add("good");
  const std::string answer = in_own_namespace(folder, "2");
  if (answer == not_tried) {
    WARN("not tried: vm.memfd_noexec cannot be set here");
    return;
  }
  CHECK(answer == "plugin file DIR/outsize-good.so cannot be loaded: the kernel forbids executable memory files "
                  "(sysctl vm.memfd_noexec) | set vm.memfd_noexec to 0 or 1 for this machine or container");
}

TEST_CASE("safe load: where the kernel only wants executable memory files to be asked for, they are") {
  const plugin_folder folder;
  folder.add("good");
  const std::string answer = in_own_namespace(folder, "1");
  CHECK((answer == "taken" || answer == not_tried));
}
