// What is said about plugins that may not or cannot be loaded.
#include "../support/programs.hpp"
#include "configs.hpp"
#include "transcript.hpp"

#include <outsize/suite/catch.hpp>

#include <unistd.h>

#include <filesystem>

using namespace outsize::test;
namespace fs = std::filesystem;

namespace {

std::string with_plugin(const std::string &plugin) {
  return config_with("plugin = \"tcp\"", "plugin = \"" + plugin + "\"");
}

std::string with_search_path(const std::string &folders) {
  return config_with("[[transport]]", "[plugins]\nsearch-path = [" + folders + "]\n\n[[transport]]");
}

/// A copy of the plugin tcp in the folder of the test.
std::string copy_of_tcp(const transcript &seen, const std::string &folder) {
  fs::create_directories(seen.folder() / folder);
  fs::permissions(seen.folder() / folder, fs::perms(0755));
  const std::string copy = seen.folder() / (folder + "/outsize-tcp.so");
  fs::copy_file(std::string(plugin_folder) + "/outsize-tcp.so", copy);
  fs::permissions(copy, fs::perms(0644));
  return copy;
}

} // namespace

TEST_CASE("wrong input: plugins") {
  transcript seen;
  seen.check("a name that no file has", with_plugin("tpc"));
  seen.check("a path that is not absolute", with_plugin("plugins/outsize-tcp.so"));
  seen.check("a file that is not there", with_plugin(seen.folder() / "outsize-tcp.so"));
  seen.check("a folder", with_plugin(seen.folder().path()));
  seen.check("a file that is no library", with_plugin(seen.file("outsize-text.so", "Hello.\n")));
  seen.check("a plugin of another kind", with_plugin("reject"));
  const std::string open = copy_of_tcp(seen, "open");
  fs::permissions(open, fs::perms(0666));
  seen.check("a file that others may write", with_plugin(open));
  const std::string in_open_folder = copy_of_tcp(seen, "shared");
  fs::permissions(seen.folder() / "shared", fs::perms(0777));
  seen.check("a folder that others may write", with_plugin(in_open_folder));
  const std::string linked = seen.folder() / "outsize-linked.so";
  fs::create_symlink(copy_of_tcp(seen, "real"), linked);
  seen.check("a symbolic link", with_plugin(linked));
  copy_of_tcp(seen, "one");
  copy_of_tcp(seen, "two");
  seen.check("a name that two files have", with_search_path("\"one\", \"two\""));
  seen.check("a search path that is not there", with_search_path("\"nowhere\""));
  seen.check("another file than the one that is pinned",
             config_with("[[transport]]", "[plugins]\nsha256 = { \"org.outsize.tcp\" = \"" + std::string(64, '0') +
                                              "\" }\n\n[[transport]]"));
  seen.run("the tool: a name that no file has", {"outsize", "plugin", "inspect", "tpc"});
  seen.run("the tool: a path that is not absolute", {"outsize", "plugin", "params", "./outsize-tcp.so"});
  seen.run("the tool: a folder without plugins",
           {"outsize", "plugin", "list", "--plugin-path", seen.folder() / "real/x"});
  seen.check_approved("plugins");
}

TEST_CASE("wrong input: a plugin of another user") {
  if (::geteuid() != 0) {
    WARN("only root can give a file to another user");
    return;
  }
  transcript seen;
  const std::string foreign = copy_of_tcp(seen, "foreign");
  REQUIRE(::chown(foreign.c_str(), 12345, 12345) == 0);
  seen.check("the file", with_plugin(foreign));
  const std::string in_foreign_folder = copy_of_tcp(seen, "theirs");
  REQUIRE(::chown((seen.folder() / "theirs").c_str(), 12345, 12345) == 0);
  seen.check("the folder", with_plugin(in_foreign_folder));
  seen.check_approved("plugins-owner");
}
