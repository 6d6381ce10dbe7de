// What blob-file makes of its directory, and what it makes of a directory that somebody else has been in.
#include "blob_folder.hpp"

#include <outsize/suite/catch.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace outsize;
using namespace outsize::blob_file::test;
using outsize::suite::blob_bytes;
using outsize::suite::blob_rig;
namespace fs = std::filesystem;

namespace {

fs::path root_of(const blob_rig &rig) {
  return rig.place().named_in_errors;
}

unsigned mode_of(const fs::path &path) {
  struct stat facts{};
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777U;
}

void write_file(const fs::path &path, const std::string &text) {
  std::ofstream(path) << text;
}

} // namespace

TEST_CASE("blob-file: keys become folders and files, for their owner only") {
  blob_rig rig(factory());
  rig.put("orders/12/7", {'a', 'b'});
  rig.put("orders", {});
  const fs::path root = root_of(rig);
  CHECK(names_in(root) == std::vector<std::string>{"blobs", "uploads"});
  CHECK(names_in(root / "blobs") == std::vector<std::string>{"orders", "orders+blob"});
  CHECK(names_in(root / "uploads").empty());
  for (const fs::path &folder :
       {root.parent_path(), root, root / "blobs", root / "uploads", root / "blobs/orders/12"}) {
    CHECK(mode_of(folder) == 0700);
  }
  CHECK(mode_of(root / "blobs/orders/12/7+blob") == 0600);
  std::string text;
  std::ifstream(root / "blobs/orders/12/7+blob") >> text;
  CHECK(text == "ab"); // the payload and nothing else
}

TEST_CASE("blob-file: an upload is a file of mode 0600 that is gone with it") {
  blob_rig rig(factory());
  {
    auto upload = rig.store().begin({}, "a", 10);
    REQUIRE(upload->chunk({}, blob_bytes(5)).has_value());
    const auto names = names_in(root_of(rig) / "uploads");
    REQUIRE(names.size() == 1);
    CHECK(mode_of(root_of(rig) / "uploads" / names.front()) == 0600);
  }
  CHECK(names_in(root_of(rig) / "uploads").empty());
}

TEST_CASE("blob-file: a chunk that fails takes the file away at once, not with the end of the put") {
  blob_rig rig(factory());
  auto upload = rig.store().begin({}, "a", 10);
  REQUIRE_FALSE(upload->chunk({}, blob_bytes(11)).has_value());
  CHECK(names_in(root_of(rig) / "uploads").empty());
}

TEST_CASE("blob-file: a directory that everybody may write to is refused, with the remedy") {
  const auto place = fresh_place();
  fs::create_directories(place.named_in_errors);
  REQUIRE(::chmod(place.named_in_errors.c_str(), 0777) == 0);
  const suite::test_host host;
  const auto made = open_at(place, host);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == code::blob_denied);
  CHECK(made.error().remedy == "chmod o-w " + place.named_in_errors);
}

TEST_CASE("blob-file: symbolic links in the directory lead nowhere") {
  blob_rig rig(factory());
  const outsize::test::temp_dir outside;
  const fs::path root = root_of(rig);
  fs::create_directories(outside / "1");
  write_file(outside / "1/7+blob", "secret");
  rig.put("orders/1/1", {1});
  fs::create_directory_symlink(outside.path(), root / "blobs/linked");
  fs::create_symlink(outside / "1/7+blob", root / "blobs/orders/1/7+blob");

  blob_bytes into(10);
  for (const std::string key : {"linked/1/7", "orders/1/7"}) {
    CAPTURE(key);
    suite::check_blob_error(rig.store().get({}, key, 0, into).error(), code::blob_corrupt, key, rig);
    suite::check_blob_error(rig.store().stat({}, key).error(), code::blob_corrupt, key, rig);
  }
  CHECK(into == blob_bytes(10));
  CHECK(rig.keys() == std::vector<std::string>{"orders/1/1"});
  suite::check_blob_error(suite::put_blob(rig.store(), "linked/new", {}, 0).error(), code::blob_denied, "linked/new",
                          rig);
  suite::check_blob_error(suite::put_blob(rig.store(), "orders/1/7", {}, 0).error(), code::blob_exists, "orders/1/7",
                          rig);
  suite::check_blob_error(rig.store().remove({}, "linked/1/7").error(), code::blob_corrupt, "linked/1/7", rig);
  CHECK(names_in(outside.path()) == std::vector<std::string>{"1"});
  CHECK(fs::exists(outside / "1/7+blob"));
}

TEST_CASE("blob-file: its own two folders are not followed elsewhere either") {
  for (const std::string part : {"blobs", "uploads"}) {
    const outsize::test::temp_dir outside;
    const auto place = fresh_place();
    fs::create_directories(place.named_in_errors);
    fs::create_directory_symlink(outside.path(), fs::path(place.named_in_errors) / part);
    const suite::test_host host;
    const auto made = open_at(place, host);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == code::blob_denied);
    CHECK(made.error().text.find(place.named_in_errors + "/" + part) != std::string::npos);
    CHECK(names_in(outside.path()).empty());
  }
}

TEST_CASE("blob-file: what is no blob of its own is not listed, and in the place of one it is corrupt") {
  blob_rig rig(factory());
  rig.put("a/1", {1});
  const fs::path blobs = root_of(rig) / "blobs";
  write_file(blobs / "a/2", "no ending");
  write_file(blobs / "a/.nfs0001", "left by a file server");
  write_file(blobs / "a/b c+blob", "no key");
  fs::create_directory(blobs / "lost+found");
  fs::create_directory(blobs / "a/3+blob");
  REQUIRE(::mkfifo((blobs / "a/4+blob").c_str(), 0600) == 0);
  write_file(blobs / "file", "where a folder would be");
  CHECK(rig.keys() == std::vector<std::string>{"a/1"});
  blob_bytes into(1);
  for (const std::string key : {"a/3", "a/4", "file/1"}) {
    CAPTURE(key);
    suite::check_blob_error(rig.store().get({}, key, 0, into).error(), code::blob_corrupt, key, rig);
  }
  suite::check_blob_error(suite::put_blob(rig.store(), "file/1", {}, 0).error(), code::blob_denied, "file/1", rig);
  suite::check_blob_error(rig.store().get({}, "a/2", 0, into).error(), code::blob_missing, "a/2", rig);
}

TEST_CASE("blob-file: folders that are removed meanwhile are made again") {
  blob_rig rig(factory());
  rig.put("orders/1/1", {1});
  auto upload = rig.store().begin({}, "orders/1/2", 0);
  fs::remove_all(root_of(rig) / "blobs/orders");
  REQUIRE((*std::move(upload)).finish({}).has_value());
  CHECK(rig.keys() == std::vector<std::string>{"orders/1/2"});
}

TEST_CASE("blob-file: an upload whose file is taken away says so") {
  blob_rig rig(factory());
  auto upload = rig.store().begin({}, "a", 0);
  for (const std::string &name : names_in(root_of(rig) / "uploads")) {
    fs::remove(root_of(rig) / "uploads" / name);
  }
  const result<void> done = (*std::move(upload)).finish({});
  REQUIRE_FALSE(done.has_value());
  suite::check_blob_error(done.error(), code::blob_unavailable, "a", rig);
  CHECK(done.error().text.find("somebody has removed its file") != std::string::npos);
  CHECK_FALSE(rig.is_there("a"));
}

TEST_CASE("blob-file: a directory that is gone or another is unavailable, not empty") {
  blob_rig rig(factory());
  rig.put("a", {1});
  const fs::path root = root_of(rig);
  fs::rename(root, root.string() + "-away");
  blob_bytes into(1);
  const auto check_away = [&] {
    suite::check_blob_error(rig.store().stat({}, "b").error(), code::blob_unavailable, "b", rig);
    suite::check_blob_error(rig.store().begin({}, "b", 0).error(), code::blob_unavailable, "b", rig);
    suite::check_blob_error(rig.store().remove({}, "b").error(), code::blob_unavailable, "b", rig);
    const auto listed = suite::list_blobs(rig.store(), "");
    REQUIRE_FALSE(listed.has_value());
    CHECK(listed.error().code == code::blob_unavailable);
  };
  check_away();
  fs::create_directory(root); // an empty mount point
  check_away();
  fs::remove(root);
  fs::rename(root.string() + "-away", root);
  CHECK_FALSE(rig.is_there("b"));
  CHECK(rig.read("a") == blob_bytes{1});
}

TEST_CASE("blob-file: leftovers of dead processes go at the start, those of live ones stay") {
  blob_rig rig(factory());
  const fs::path uploads = root_of(rig) / "uploads";
  write_file(uploads / "dead", "left by a process that was killed");
  write_file(uploads / "alive", "of another process");
  const int alive = ::open((uploads / "alive").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(::flock(alive, LOCK_EX | LOCK_NB) == 0); // as its process holds it
  auto upload = rig.store().begin({}, "a", 0);
  REQUIRE(names_in(uploads).size() == 3);
  const auto other = rig.open_another();
  CHECK(names_in(uploads).size() == 2);
  CHECK_FALSE(fs::exists(uploads / "dead"));
  CHECK(rig.host().logged("removed 1 unfinished uploads of dead processes, 33 bytes, from " +
                          rig.place().named_in_errors));
  ::close(alive);
  rig.open_another().reset();
  CHECK_FALSE(fs::exists(uploads / "alive"));
  CHECK((*std::move(upload)).finish({}).has_value());
}

TEST_CASE("blob-file: a leftover stays for leftover-age after the last write to it") {
  blob_rig rig(factory({{"leftover-age", "1h"}}));
  const fs::path uploads = root_of(rig) / "uploads";
  for (const auto &[name, age] : {std::pair{"young", std::chrono::minutes(50)}, {"old", std::chrono::minutes(70)}}) {
    write_file(uploads / name, "left");
    fs::last_write_time(uploads / name, fs::file_time_type::clock::now() - age);
  }
  rig.open_another().reset();
  CHECK(names_in(uploads) == std::vector<std::string>{"young"});
}

TEST_CASE("blob-file: uploads under way count against the free space until they have written it") {
  blob_rig rig(factory());
  const std::uint64_t free = *rig.store().free_bytes();
  const std::uint64_t half = free / 2 + free / 8;
  auto first = rig.store().begin({}, "a", half);
  REQUIRE(first.has_value());
  CHECK(*rig.store().free_bytes() < free - free / 2);
  const auto second = rig.store().begin({}, "b", half);
  REQUIRE_FALSE(second.has_value());
  suite::check_blob_error(second.error(), code::disk_full, "b", rig);
  {
    const blob_upload gone = *std::move(first);
  }
  CHECK(rig.store().begin({}, "b", half).has_value());
}

TEST_CASE("blob-file: the reserve is left free") {
  blob_rig none(factory());
  const std::uint64_t free = *none.store().free_bytes();
  blob_rig half(factory({{"reserve", std::to_string(free / 2) + "B"}}));
  CHECK(*half.store().free_bytes() < free / 2 + free / 4);
  blob_rig all(factory({{"reserve", "1000000GiB"}}));
  CHECK(all.store().free_bytes() == 0U);
  suite::check_blob_error(all.store().begin({}, "a", 1).error(), code::disk_full, "a", all);
  CHECK(suite::put_blob(all.store(), "a", {}, 0).has_value()); // nothing needs no room
}
