#include "plugin_folder.hpp"

#include <host/plugin/search.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace outsize::host;
namespace fs = std::filesystem;

namespace {
using folders = std::vector<fs::path>;
}

TEST_CASE("plugin search: a name is outsize-NAME.so on the search path") {
  const plugin_folder empty;
  const plugin_folder folder;
  folder.add_text("outsize-zeromq.so", "");
  CHECK(find_plugin("zeromq", folders{empty.path(), folder.path()}).value() == folder.path() / "outsize-zeromq.so");
}

TEST_CASE("plugin search: an absolute path is itself, wherever it is") {
  CHECK(find_plugin("/opt/x.so", {}).value() == "/opt/x.so");
}

TEST_CASE("plugin search: a name that is not there is refused with the folders and the nearest name") {
  const plugin_folder folder;
  folder.add_text("outsize-zeromq.so", "");
  folder.add_text("outsize-tcp.so", "");
  CHECK(folder.refusal(find_plugin("zeromk", folders{folder.path(), "/nowhere"})) ==
        "no plugin \"zeromk\" (did you mean \"zeromq\"?): there is no outsize-zeromk.so in DIR, /nowhere | correct the "
        "name or plugins.search-path; outsize plugin list shows what is there");
  CHECK(folder.refusal(find_plugin("carrier-pigeon", folders{folder.path()})) ==
        "no plugin \"carrier-pigeon\": there is no outsize-carrier-pigeon.so in DIR | correct the name or "
        "plugins.search-path; outsize plugin list shows what is there");
  CHECK(folder.refusal(find_plugin("tcp", {})) ==
        "no plugin \"tcp\": there is no outsize-tcp.so in any folder, because plugins.search-path is empty | correct "
        "the name or plugins.search-path; outsize plugin list shows what is there");
}

TEST_CASE("plugin search: two matches are refused with both, one folder listed twice is one") {
  const plugin_folder folder;
  fs::create_directory(folder.path() / "a");
  fs::create_directory(folder.path() / "b");
  fs::create_directory_symlink(folder.path() / "a", folder.path() / "c");
  fs::rename(folder.add_text("outsize-tcp.so", ""), folder.path() / "a" / "outsize-tcp.so");
  CHECK(find_plugin("tcp", folders{folder.path() / "a", folder.path() / "c"}).has_value());
  fs::rename(folder.add_text("outsize-tcp.so", ""), folder.path() / "b" / "outsize-tcp.so");
  CHECK(folder.refusal(find_plugin("tcp", folders{folder.path() / "a", folder.path() / "b"})) ==
        "plugin \"tcp\" is ambiguous: DIR/a/outsize-tcp.so and DIR/b/outsize-tcp.so | remove one of the two, or write "
        "the absolute path");
}

TEST_CASE("plugin search: what is neither name nor absolute path is refused") {
  const plugin_folder folder;
  for (const std::string plugin : {"", "../tcp", "a/b", "TCP", "tcp.so", "tcp\n"}) {
    CHECK(folder.refusal(find_plugin(plugin, folders{folder.path()})) ==
          "\"" + plugin +
              "\" is neither the name of a plugin nor the absolute path of one | write a name of lower case letters, "
              "digits and '-', or a path that begins with '/'");
  }
}

TEST_CASE("plugin search: a relative folder is refused, and the environment is not asked") {
  const plugin_folder folder;
  folder.add_text("outsize-tcp.so", "");
  CHECK(folder.refusal(find_plugin("tcp", folders{"plugins"})) ==
        "\"plugins\" in plugins.search-path is not an absolute path | write the whole path of the folder");
  REQUIRE(::setenv("LD_LIBRARY_PATH", folder.path().c_str(), 1) == 0);
  REQUIRE(::setenv("OUTSIZE_PLUGIN_PATH", folder.path().c_str(), 1) == 0);
  CHECK_FALSE(find_plugin("tcp", {}).has_value());
  REQUIRE(::unsetenv("LD_LIBRARY_PATH") == 0);
  REQUIRE(::unsetenv("OUTSIZE_PLUGIN_PATH") == 0);
}

TEST_CASE("plugin search: the files of a search path are listed folder by folder, by name") {
  const plugin_folder first;
  const plugin_folder second;
  second.add_text("outsize-a.so", "");
  first.add_text("outsize-c.so", "");
  first.add_text("outsize-b.so", "");
  first.add_text("other-d.so", "");
  first.add_text("outsize-e.txt", "");
  CHECK(plugin_files(folders{first.path(), "/nowhere", second.path()}) ==
        folders{first.path() / "outsize-b.so", first.path() / "outsize-c.so", second.path() / "outsize-a.so"});
  CHECK(plugin_name("/x/outsize-zeromq.so") == "zeromq");
  CHECK(plugin_name("/x/pigeon.so") == "pigeon");
}
