// Processes that put blobs are killed with -9 while others go on in the same directory.
#include "blob_folder.hpp"
#include "kill_blobs.hpp"

#include <outsize/suite/catch.hpp>

#include <csignal>
#include <map>
#include <poll.h>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

using namespace outsize;
using namespace outsize::blob_file::test;

namespace {

/// A process that puts blobs until it is killed.
class writer {
public:
  writer(const std::string &directory, std::uint64_t seed) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl(KILL_WRITER, KILL_WRITER, BLOB_FILE_PLUGIN, directory.c_str(), std::to_string(seed).c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    from_ = ends[0];
  }
  writer(const writer &) = delete;
  writer &operator=(const writer &) = delete;
  ~writer() {
    kill_now();
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ::close(from_);
  }

  /// The next blob it says it has finished; nothing when there is no more. Waits for it.
  std::optional<finished_blob> next() {
    finished_blob blob{};
    return ::read(from_, &blob, sizeof blob) == static_cast<ssize_t>(sizeof blob) ? std::optional(blob) : std::nullopt;
  }
  /// What it had finished by then can still be read with next.
  void kill_now() { ::kill(pid_, SIGKILL); }

private:
  pid_t pid_ = -1;
  int from_ = -1;
};

using finished_blobs = std::map<std::string, finished_blob>; // by key

void note(finished_blobs &into, const std::optional<finished_blob> &blob) {
  if (blob) {
    into[kill_blob_key(*blob)] = *blob;
  }
}

finished_blob blob_of(const std::string &key) {
  const std::size_t dash = key.find('-');
  const std::size_t slash = key.rfind('/');
  return {std::stoull(key.substr(dash + 1)), std::stoull(key.substr(slash + 1))};
}

/// Every blob that is visible is whole, and all that were finished are visible. Returns how many are visible.
std::size_t check_blobs(blob_store_handle &store, const finished_blobs &finished) {
  const auto keys = suite::list_blobs(store, "");
  REQUIRE(keys.has_value());
  for (const std::string &key : *keys) {
    CAPTURE(key);
    const auto content = suite::read_blob(store, key);
    REQUIRE(content.has_value());
    REQUIRE((*content == kill_blob(blob_of(key))));
  }
  for (const auto &[key, blob] : finished) {
    CAPTURE(key);
    REQUIRE(std::binary_search(keys->begin(), keys->end(), key));
  }
  return keys->size();
}

} // namespace

TEST_CASE("blob-file kill -9: what was finished is there and whole, nothing else is to be seen (10 rounds)") {
  constexpr int rounds = 10;
  constexpr std::size_t threads = 3;
  std::mt19937_64 random(20260);
  suite::blob_rig rig(factory());
  const std::string directory = rig.place().named_in_errors;
  finished_blobs finished;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    CAPTURE(round);
    {
      writer child(directory, round);
      for (std::uint64_t until_kill = random() % 40; until_kill > 0; --until_kill) {
        note(finished, child.next());
      }
      child.kill_now();
      while (const auto blob = child.next()) {
        note(finished, blob);
      }
    }
    rig.close();
    rig.open();
    CHECK(names_in(directory + "/uploads").empty());
    // Only a put that was between its link and its answer may be visible without having been told.
    CHECK(check_blobs(rig.store(), finished) <= finished.size() + (round + 1) * threads);
  }
  CHECK(finished.size() > 50);
}

TEST_CASE("blob-file kill -9: a process that goes on is not disturbed by others that die and start") {
  constexpr std::uint64_t survivor_seed = 1000;
  std::mt19937_64 random(4129);
  suite::blob_rig rig(factory());
  const std::string directory = rig.place().named_in_errors;
  finished_blobs finished;
  writer survivor(directory, survivor_seed);
  for (std::uint64_t round = 0; round < 5; ++round) {
    CAPTURE(round);
    {
      writer child(directory, round);
      for (std::uint64_t until_kill = 1 + random() % 10; until_kill > 0; --until_kill) {
        note(finished, child.next());
      }
    }
    rig.open_another().reset(); // takes what the dead left
    for (int i = 0; i < 3; ++i) {
      const auto blob = survivor.next();
      REQUIRE(blob.has_value()); // it ends with the first put that fails
      note(finished, blob);
    }
  }
  survivor.kill_now();
  while (const auto blob = survivor.next()) {
    note(finished, blob);
  }
  check_blobs(rig.store(), finished);
}
