#include "plugin_folder.hpp"

#include <host/plugin/trusted_file.hpp>

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

using namespace outsize::host;
namespace fs = std::filesystem;

namespace {
const uid_t me = ::geteuid();
}

TEST_CASE("safe load: a file that is one's own is read, with its digest") {
  const plugin_folder folder;
  const auto file = read_trusted_file(folder.add_text("outsize-a.so", "abc"), me);
  REQUIRE(file.has_value());
  CHECK(file->path == folder.path() / "outsize-a.so");
  CHECK(file->bytes == std::vector<std::uint8_t>{'a', 'b', 'c'});
  CHECK(file->sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("safe load: a path that is not absolute is refused") {
  const plugin_folder folder;
  CHECK(folder.refusal(read_trusted_file("outsize-a.so", me)) ==
        "plugin path \"outsize-a.so\" is not the absolute path of a file | write the whole path, or the plugin's name "
        "with plugins.search-path set");
  CHECK(folder.refusal(read_trusted_file("/usr/", me)) ==
        "plugin path \"/usr/\" is not the absolute path of a file | write the whole path, or the plugin's name with "
        "plugins.search-path set");
}

TEST_CASE("safe load: a missing file and a missing folder are refused") {
  const plugin_folder folder;
  CHECK(folder.refusal(read_trusted_file(folder.path() / "outsize-a.so", me)) ==
        "plugin file DIR/outsize-a.so cannot be opened: No such file or directory | correct the path or the file's "
        "mode");
  CHECK(folder.refusal(read_trusted_file(folder.path() / "no" / "outsize-a.so", me)) ==
        "folder DIR/no of plugin file DIR/no/outsize-a.so cannot be opened: No such file or directory | correct the "
        "path");
}

TEST_CASE("safe load: a symbolic link is refused, one among the folders is followed and checked behind") {
  const plugin_folder folder;
  const fs::path file = folder.add_text("outsize-a.so", "abc");
  fs::create_symlink(file, folder.path() / "outsize-b.so");
  CHECK(folder.refusal(read_trusted_file(folder.path() / "outsize-b.so", me)) ==
        "plugin file DIR/outsize-b.so is a symbolic link | name the file it points to");
  fs::create_directory(folder.path() / "real");
  fs::create_directory_symlink(folder.path() / "real", folder.path() / "link");
  fs::rename(file, folder.path() / "real" / "outsize-a.so");
  CHECK(read_trusted_file(folder.path() / "link" / "outsize-a.so", me)->path ==
        folder.path() / "real" / "outsize-a.so");
  fs::permissions(folder.path() / "real", fs::perms(0777));
  CHECK(folder.refusal(read_trusted_file(folder.path() / "link" / "outsize-a.so", me)) ==
        "folder DIR/real, above plugin file DIR/real/outsize-a.so, is writable by others (mode 0777) | chmod go-w "
        "DIR/real");
}

TEST_CASE("safe load: what is no regular file is refused, and a named pipe does not hold up the start") {
  const plugin_folder folder;
  REQUIRE(::mkfifo((folder.path() / "outsize-a.so").c_str(), 0600) == 0);
  CHECK(folder.refusal(read_trusted_file(folder.path() / "outsize-a.so", me)) ==
        "plugin file DIR/outsize-a.so is not a regular file | name the shared library itself");
  fs::create_directory(folder.path() / "outsize-b.so");
  CHECK(folder.refusal(read_trusted_file(folder.path() / "outsize-b.so", me)) ==
        "plugin file DIR/outsize-b.so is not a regular file | name the shared library itself");
}

TEST_CASE("safe load: a file that others may write to is refused (group, world)") {
  const plugin_folder folder;
  const fs::path file = folder.add_text("outsize-a.so", "abc");
  fs::permissions(file, fs::perms(0664));
  CHECK(folder.refusal(read_trusted_file(file, me)) ==
        "plugin file DIR/outsize-a.so is writable by others (mode 0664) | chmod go-w DIR/outsize-a.so");
  fs::permissions(file, fs::perms(0646));
  CHECK(folder.refusal(read_trusted_file(file, me)) ==
        "plugin file DIR/outsize-a.so is writable by others (mode 0646) | chmod go-w DIR/outsize-a.so");
  fs::permissions(file, fs::perms(0755));
  CHECK(read_trusted_file(file, me).has_value());
}

TEST_CASE("safe load: a folder that others may write to is refused, however far above") {
  const plugin_folder folder;
  fs::create_directories(folder.path() / "open" / "closed");
  const fs::path file = folder.path() / "open" / "closed" / "outsize-a.so";
  fs::rename(folder.add_text("outsize-a.so", "abc"), file);
  CHECK(read_trusted_file(file, me).has_value());
  fs::permissions(folder.path() / "open", fs::perms(0777));
  CHECK(folder.refusal(read_trusted_file(file, me)) ==
        "folder DIR/open, above plugin file DIR/open/closed/outsize-a.so, is writable by others (mode 0777) | chmod "
        "go-w DIR/open");
}

TEST_CASE("safe load: a sticky folder passes when it is root's, and only then") {
  const plugin_folder folder;
  fs::create_directory(folder.path() / "sticky");
  const fs::path file = folder.path() / "sticky" / "outsize-a.so";
  fs::rename(folder.add_text("outsize-a.so", "abc"), file);
  fs::permissions(folder.path() / "sticky", fs::perms(01777));
  if (me == 0) {
    CHECK(read_trusted_file(file, me).has_value());
    REQUIRE(::chown((folder.path() / "sticky").c_str(), 12345, 0) == 0);
    CHECK(read_trusted_file(file, 12345).error().text.find("is writable by others (mode 1777)") != std::string::npos);
  } else {
    CHECK(read_trusted_file(file, me).error().text.find("is writable by others (mode 1777)") != std::string::npos);
  }
}

TEST_CASE("safe load: a file or folder of another user is refused") {
  const plugin_folder folder;
  const fs::path file = folder.add_text("outsize-a.so", "abc");
  uid_t runner = me + 1; // then this user, who owns the file, is somebody else
  uid_t owner = me;
  if (me == 0) {
    owner = 12345;
    runner = 0;
    REQUIRE(::chown(file.c_str(), owner, 0) == 0);
  }
  const std::string subject = "belongs to user " + std::to_string(owner) + ", neither to root nor to user " +
                              std::to_string(runner) + ", who runs this";
  CHECK(folder.refusal(read_trusted_file(file, runner)) ==
        "plugin file DIR/outsize-a.so " + subject + " | chown root DIR/outsize-a.so");
  if (me == 0) {
    CHECK(read_trusted_file(file, owner).has_value());
    REQUIRE(::chown(file.c_str(), 0, 0) == 0);
    REQUIRE(::chown(folder.path().c_str(), owner, 0) == 0);
    CHECK(folder.refusal(read_trusted_file(file, runner)) ==
          "folder DIR, above plugin file DIR/outsize-a.so, " + subject + " | chown root DIR");
  }
}
