// Every call of the system that a put makes fails once, with every errno that matters; the power goes at every moment;
// the process is killed before every call. The plugin's sources are in this program, with the system bent.
#include "bent_system.hpp"
#include "blob_folder.hpp"

#include "plugins/blob-file/file_error.hpp"
#include "plugins/blob-file/file_store.hpp"

#include <outsize/suite/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

using namespace outsize;
using namespace outsize::blob_file::test;
using outsize::suite::blob_bytes;
using outsize::suite::blob_noise;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t blob_size = 1'300'000; // a chunk of two steps, and one of one
constexpr std::size_t chunk_size = 1'200'000;

/// A store of this program's own sources in a fresh place.
struct opened {
  explicit opened(suite::blob_place where = fresh_place()) : place(std::move(where)) { open(); }
  void open() {
    const outsize_blob_store_api *api = blob_store_api<blob_file::file_store>();
    const outsize_param_value values[] = {{"directory", OUTSIZE_PARAM_PATH, 0, 0, place.named_in_errors.c_str()},
                                          {"reserve", OUTSIZE_PARAM_BYTES, 0, 0, ""},
                                          {"leftover-age", OUTSIZE_PARAM_DURATION, 0, 0, ""}};
    store.reset();
    auto made = blob_store_handle::open(api, {host.table(), values});
    REQUIRE(made.has_value());
    store = *std::move(made);
  }
  result<void> put(const std::string &key, const blob_bytes &content) {
    return suite::put_blob(*store, key, content, content.size(), chunk_size);
  }
  [[nodiscard]] fs::path folder(const char *name) const { return fs::path(place.named_in_errors) / name; }
  bool sees(const std::string &key) { return store->stat({}, key).has_value(); }

  suite::blob_place place;
  suite::test_host host;
  std::unique_ptr<blob_store_handle> store;
};

/// Fails one call, the `nth` of those it is asked about, with `number`.
struct one_failure {
  std::size_t nth;
  int number;
  std::string failed; ///< the call that did; empty while none has

  int operator()(std::string_view call) {
    // A removal that fails can only leave something to the next start; that is a case of its own.
    if (!failed.empty() || call == "unlinkat" || nth-- != 0) {
      return 0;
    }
    failed = call;
    return number;
  }
};

/// Of a put that could not.
code expected_code(int number) {
  return number == ENOSPC ? code::disk_full : number == EACCES ? code::blob_denied : code::blob_unavailable;
}

std::string content_of(const fs::path &file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

ino_t inode_of(const fs::path &path) {
  struct stat facts{};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

ino_t inode_of(int fd) {
  struct stat facts{};
  return ::fstat(fd, &facts) == 0 ? facts.st_ino : 0;
}

/// What a disk holds after a power cut: the content of a file as of its last fsync, the names in a folder as of its.
class cut_disk {
public:
  /// `root` and what is above it were there before.
  explicit cut_disk(const fs::path &root) : root_(root) { take_folder(root); }

  void synced(int fd) {
    const fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
    fs::is_directory(path) ? take_folder(path) : take_file(fd);
  }
  /// The content of the file below the root; nothing when a name on the way or the content is lost.
  [[nodiscard]] std::optional<std::string> content(const fs::path &below_root) const {
    ino_t at = inode_of(root_);
    for (const fs::path &name : below_root) {
      const auto folder = folders_.find(at);
      if (folder == folders_.end() || !folder->second.contains(name.string())) {
        return std::nullopt;
      }
      at = folder->second.at(name.string());
    }
    return content(at);
  }
  [[nodiscard]] std::optional<std::string> content(ino_t file) const {
    const auto found = files_.find(file);
    return found == files_.end() ? std::nullopt : std::optional(found->second);
  }

private:
  void take_folder(const fs::path &path) {
    auto &names = folders_[inode_of(path)];
    names.clear();
    for (const std::string &name : names_in(path)) {
      names[name] = inode_of(path / name);
    }
  }
  void take_file(int fd) { files_[inode_of(fd)] = content_of("/proc/self/fd/" + std::to_string(fd)); }

  const fs::path root_;
  std::map<ino_t, std::map<std::string, ino_t>> folders_;
  std::map<ino_t, std::string> files_;
};

std::string text_of(const blob_bytes &bytes) {
  return {bytes.begin(), bytes.end()};
}

} // namespace

TEST_CASE("blob-file faults: what the system says, as an error of the contract") {
  using blob_file::during;
  const auto code_of = [](during what, int number) { return blob_file::file_error(what, number, "").code; };
  for (const during what : {during::reading, during::writing}) {
    for (const int number : {EACCES, EPERM, EROFS}) {
      CHECK(code_of(what, number) == code::blob_denied);
    }
    for (const int number : {EIO, EMFILE, ENFILE, ENOMEM, ESTALE, ETIMEDOUT}) {
      CHECK(code_of(what, number) == code::blob_unavailable);
    }
  }
  CHECK(code_of(during::reading, ENOENT) == code::blob_missing);
  CHECK(code_of(during::writing, ENOENT) == code::blob_unavailable);
  for (const int number : {EBADMSG, EUCLEAN, EILSEQ}) {
    CHECK(code_of(during::reading, number) == code::blob_corrupt);
  }
  for (const int number : {ELOOP, ENOTDIR, EISDIR}) {
    CHECK(code_of(during::reading, number) == code::blob_corrupt);
    CHECK(code_of(during::writing, number) == code::blob_denied);
  }
  CHECK(code_of(during::writing, ENOSPC) == code::disk_full);
  CHECK(code_of(during::writing, EDQUOT) == code::disk_full);
  CHECK(blob_file::file_error(during::reading, EIO, "blob \"a\" in /b").text == "blob \"a\" in /b: Input/output error");
}

TEST_CASE("blob-file faults: each call of a put fails once, nothing is left, and the next put goes through") {
  for (const int number : {ENOSPC, EIO, EACCES}) {
    opened use;
    const blob_bytes content = blob_noise(blob_size, 1);
    std::set<std::string> failed;
    std::size_t nth = 0;
    for (bool went_through = false; !went_through; ++nth) {
      CAPTURE(number, nth);
      const std::string key = "orders/" + std::to_string(nth) + "/1"; // folders are made anew
      one_failure failure{nth, number, ""};
      std::optional<result<void>> done;
      {
        bend system;
        system->fail = [&](std::string_view call) { return failure(call); };
        done = use.put(key, content);
      }
      CAPTURE(failure.failed);
      went_through = failure.failed.empty();
      failed.insert(failure.failed);
      CHECK(names_in(use.folder("uploads")).empty());
      CHECK(use.sees(key) == done->has_value());
      if (!*done) {
        CHECK(name_of(done->error().code) == name_of(expected_code(number)));
        CHECK(done->error().text.find(key) != std::string::npos);
        CHECK(use.put(key, content).has_value());
      }
      CHECK(suite::read_blob(*use.store, key).value() == content);
    }
    CHECK(failed == std::set<std::string>{"", "flock", "fstatvfs", "fsync", "linkat", "mkdirat", "openat", "write"});
  }
}

TEST_CASE("blob-file faults: each call of a start fails once, the next start goes through") {
  for (const int number : {ENOSPC, EIO, EACCES}) {
    std::set<std::string> failed;
    for (std::size_t nth = 0; failed.count("") == 0; ++nth) {
      CAPTURE(number, nth);
      const suite::blob_place place = fresh_place();
      const suite::test_host host;
      const outsize_param_value values[] = {{"directory", OUTSIZE_PARAM_PATH, 0, 0, place.named_in_errors.c_str()}};
      const auto open = [&] {
        return blob_store_handle::open(blob_store_api<blob_file::file_store>(), {host.table(), values});
      };
      one_failure failure{nth, number, ""};
      {
        bend system;
        system->fail = [&](std::string_view call) { return failure(call); };
        const auto made = open();
        CAPTURE(failure.failed);
        if (!made) {
          CHECK(name_of(made.error().code) == name_of(expected_code(number)));
          CHECK(made.error().text.find(fs::path(place.named_in_errors).parent_path().string()) != std::string::npos);
        }
      }
      failed.insert(failure.failed);
      CHECK(open().has_value());
      CHECK(names_in(fs::path(place.named_in_errors) / "uploads").empty());
    }
    CHECK(failed.contains("mkdir"));
    CHECK(failed.contains("linkat"));
  }
}

TEST_CASE("blob-file faults: a read that fails says which of the four it is") {
  opened use;
  REQUIRE(use.put("a", blob_noise(10, 1)).has_value());
  blob_bytes into(10);
  const auto code_after = [&](std::string_view failing, int number) {
    bend system;
    system->fail = [&](std::string_view call) { return call == failing ? number : 0; };
    return use.store->get({}, "a", 0, into).error().code;
  };
  CHECK(code_after("openat", ENOENT) == code::blob_missing);
  CHECK(code_after("openat", EACCES) == code::blob_denied);
  CHECK(code_after("openat", EMFILE) == code::blob_unavailable);
  CHECK(code_after("pread", EIO) == code::blob_unavailable);
  CHECK(code_after("pread", ESTALE) == code::blob_unavailable);
  CHECK(code_after("pread", EBADMSG) == code::blob_corrupt);
  CHECK(code_after("pread", EUCLEAN) == code::blob_corrupt);
  CHECK(use.store->get({}, "a", 0, into).value() == 10);
}

TEST_CASE("blob-file faults: a read or a write that is interrupted goes on, a short one too") {
  opened use;
  const blob_bytes content = blob_noise(100'000, 1);
  bend system;
  int calls = 0;
  system->fail = [&](std::string_view call) {
    return (call == "write" || call == "pread") && ++calls % 2 == 0 ? EINTR : 0;
  };
  system->write_bytes_max = 999;
  REQUIRE(use.put("a", content).has_value());
  CHECK(suite::read_blob(*use.store, "a").value() == content);
}

TEST_CASE("blob-file faults: a removal of an upload that fails leaves it to the next start") {
  opened use;
  {
    bend system;
    system->fail = [](std::string_view call) { return call == "unlinkat" ? EIO : 0; };
    CHECK(use.put("a", blob_noise(10, 1)).has_value());
    CHECK_FALSE(suite::put_blob(*use.store, "b", blob_noise(10, 1), 11).has_value());
  }
  CHECK(names_in(use.folder("uploads")).size() == 2);
  use.open();
  CHECK(names_in(use.folder("uploads")).empty());
  CHECK(suite::read_blob(*use.store, "a").value() == blob_noise(10, 1));
  CHECK_FALSE(use.sees("b"));
}

TEST_CASE("blob-file faults: a raised flag ends a chunk after the step that it is in") {
  opened use;
  std::uint32_t raised = 0;
  blob_call call;
  call.cancel = &raised;
  auto upload = use.store->begin(call, "a", 10 * blob_size);
  REQUIRE(upload.has_value());
  bend system;
  int writes = 0;
  system->fail = [&](std::string_view name) {
    writes += name == "write" ? 1 : 0;
    __atomic_store_n(&raised, writes == 2 ? 1U : 0U, __ATOMIC_RELAXED);
    return 0;
  };
  const result<void> took = upload->chunk(call, blob_noise(10 * blob_size, 1));
  REQUIRE_FALSE(took.has_value());
  CHECK(took.error().code == code::cancelled);
  CHECK(writes == 2);
}

TEST_CASE("blob-file power cut: a blob is durable when finish returns, and has no name before its bytes are") {
  const suite::blob_place place = fresh_place();
  cut_disk disk(fs::path(place.named_in_errors).parent_path().parent_path());
  bend system;
  system->synced = [&](int fd) { disk.synced(fd); };
  system->linking = [&](int folder, const char *name) {
    const fs::path file = fs::read_symlink("/proc/self/fd/" + std::to_string(folder)) / name;
    CHECK((disk.content(inode_of(file)) == content_of(file)));
  };
  opened use(place);
  // One store after the other in the same place: what the first has made, the second must not take for durable.
  const auto put = [&](const std::string &key, std::uint64_t size) {
    CAPTURE(key);
    const blob_bytes content = blob_noise(size, size);
    REQUIRE(use.put(key, content).has_value());
    const fs::path path = fs::path("data/blobs/blobs") / (key + "+blob");
    const auto kept = disk.content(path);
    REQUIRE(kept.has_value());
    CHECK((*kept == text_of(content)));
  };
  put("a", 10);
  put("orders/1/1", blob_size);
  put("orders/1/2", 0);
  put("orders/2/1", 100);
  put("orders", 1);
  use.open();
  put("orders/1/3", 10);
  put("other/1/1", 10);
}

TEST_CASE("blob-file power cut: folders that somebody else has made are synced as well") {
  const suite::blob_place place = fresh_place();
  const fs::path directory = place.named_in_errors;
  cut_disk disk(directory.parent_path().parent_path());
  bend system;
  system->synced = [&](int fd) { disk.synced(fd); };
  fs::create_directories(directory / "blobs/orders/1"); // not synced, as a process leaves them that is killed now
  opened use(place);
  fs::create_directories(directory / "blobs/orders/2"); // the same, by another process that goes on
  for (const std::string key : {"orders/1/1", "orders/2/1"}) {
    REQUIRE(use.put(key, blob_noise(10, 1)).has_value());
    CHECK((disk.content("data/blobs/blobs/" + key + "+blob") == text_of(blob_noise(10, 1))));
  }
}

TEST_CASE("blob-file kill: before each call of a put, what is visible is whole, and nothing else is left") {
  opened use;
  const blob_bytes content = blob_noise(blob_size, 1);
  bool went_through = false;
  std::size_t visible = 0;
  for (std::size_t nth = 0; !went_through; ++nth) {
    CAPTURE(nth);
    const std::string key = "orders/" + std::to_string(nth) + "/1";
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::size_t left = nth;
      bend system;
      system->fail = [&](std::string_view) { return left-- == 0 ? ::kill(::getpid(), SIGKILL) : 0; };
      ::_exit(use.put(key, content) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    went_through = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CHECK((went_through || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)));
    use.open();
    CHECK(names_in(use.folder("uploads")).empty());
    if (use.sees(key)) {
      ++visible;
      CHECK((suite::read_blob(*use.store, key).value() == content));
    } else {
      CHECK_FALSE(went_through);
      CHECK(use.put(key, content).has_value());
    }
  }
  CHECK(visible >= 3); // killed after the link and before the end, and not at all
}
