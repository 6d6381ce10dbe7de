#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

using namespace outsize::test;

TEST_CASE("full disk: a small one is refused in time, goes on when there is room, and opens again") {
  temp_dir dir;
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "storage-full-disk").string();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    execl(program.c_str(), program.c_str(), dir.path().c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("mounting is not permitted here: a full disk is only tested through the fault file system");
  } else {
    CHECK(WEXITSTATUS(status) == 0);
  }
}
