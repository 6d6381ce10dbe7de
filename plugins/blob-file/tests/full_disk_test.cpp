#include <support/temp_dir.hpp>

#include <outsize/suite/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

TEST_CASE("blob-file full disk: refused early and on the way, nothing left, and on it goes when there is room") {
  const outsize::test::temp_dir dir;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl(FULL_DISK, FULL_DISK, BLOB_FILE_PLUGIN, dir.path().c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("mounting is not permitted here: a full disk is only tested by calls that fail");
  } else {
    CHECK(WEXITSTATUS(status) == 0);
  }
}
