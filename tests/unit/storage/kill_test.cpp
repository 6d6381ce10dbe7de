#include "disk_subject.hpp"
#include "kill_checks.hpp"
#include "kill_entries.hpp"

#include <csignal>
#include <filesystem>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

/// A process that commits until it is killed.
class writer {
public:
  writer(const std::string &directory, std::uint64_t seed) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      const std::string program =
          (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "storage-kill-writer").string();
      execl(program.c_str(), program.c_str(), directory.c_str(), std::to_string(seed).c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    from_ = ends[0];
  }
  ~writer() {
    kill(pid_, SIGKILL);
    int status = 0;
    waitpid(pid_, &status, 0);
    close(from_);
  }

  /// The next offset it was told is durable; 0 when there is no more.
  offset_t next() {
    offset_t offset = 0;
    return read(from_, &offset, sizeof offset) == sizeof offset ? offset : 0;
  }
  /// Kills it; what it had acknowledged by then can still be read with next.
  void kill_now() { REQUIRE(kill(pid_, SIGKILL) == 0); }

private:
  pid_t pid_ = -1;
  int from_ = -1;
};

void check_entries(storage &store, offset_t from, offset_t to) {
  for (offset_t at = from; at < to;) {
    const auto read = read_now(store, {.segment = kill_segment, .from = at, .to = to, .bytes_max = 8 << 20});
    REQUIRE(read.has_value());
    REQUIRE(!read->entries.empty());
    for (const read_entry &entry : read->entries) {
      REQUIRE(entry.offset == at);
      REQUIRE((entry.bytes.text() == kill_entry(at)));
      ++at;
    }
  }
}

} // namespace

TEST_CASE("kill -9: what was acknowledged is there, whole and without a gap (20 rounds on one store)") {
  std::mt19937_64 random(20260);
  disk_subject d;
  d.store.reset();
  offset_t acknowledged = 0;
  offset_t checked = 1;
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    {
      writer child(d.options.directory, random());
      for (std::uint64_t until_kill = random() % 100; until_kill > 0; --until_kill) {
        acknowledged = std::max(acknowledged, child.next());
      }
      child.kill_now();
      while (const offset_t offset = child.next()) {
        acknowledged = std::max(acknowledged, offset);
      }
    }
    d.open();
    const auto known = d.entries().load();
    REQUIRE(known.has_value());
    const offset_t tail = known->empty() ? 1 : known->front().second.local_tail;
    REQUIRE(tail > acknowledged);
    check_entries(d.entries(), checked, tail);
    check_fragment_rows(d.entries(), tail);
    checked = tail;
    d.store.reset();
  }
  d.open();
  check_entries(d.entries(), 1, checked);
  CHECK(acknowledged > 100);
}
