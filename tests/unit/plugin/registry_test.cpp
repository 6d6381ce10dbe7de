#include "plugin_folder.hpp"

#include <host/plugin/open.hpp>
#include <host/plugin/registry.hpp>
#include <host/plugin/trusted_file.hpp>

#include <catch2/catch.hpp>

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

using namespace outsize;
using namespace outsize::host;
namespace fs = std::filesystem;

namespace {

/// A folder of plugins and a registry that searches it.
struct plugins {
  plugin_folder folder;
  registry modules{{.search_path = {folder.path()}, .sha256_by_id = {}}};

  /// How loading a variant of the test module is refused.
  std::string refusal_of(const std::string &variant) {
    folder.add(variant);
    return folder.refusal(modules.load(variant));
  }
};

std::string memory_maps() {
  std::ostringstream text;
  text << std::ifstream("/proc/self/maps").rdbuf();
  return text.str();
}

std::string sha256_of(const fs::path &file) {
  return read_trusted_file(file, ::geteuid())->sha256;
}

} // namespace

TEST_CASE("plugin load: a good module is loaded by name and by path") {
  plugins use;
  const fs::path file = use.folder.add("good");
  const auto by_name = use.modules.load("good");
  REQUIRE(by_name.has_value());
  CHECK((*by_name)->id == "org.example.good");
  CHECK((*by_name)->version == "1.2.3");
  CHECK((*by_name)->file == file.string());
  CHECK((*by_name)->sha256 == sha256_of(file));
  REQUIRE((*by_name)->components.size() == 2);
  CHECK(use.modules.load("good").value() == *by_name);
  CHECK(use.modules.load(file.string()).value() == *by_name);
  CHECK(use.modules.modules().size() == 1);
}

TEST_CASE("plugin load: a module whose structs all have grown is loaded") {
  plugins use;
  use.folder.add("grown");
  const auto component = use.modules.find(OUTSIZE_SIZE_POLICY_KIND, "grown");
  REQUIRE(component.has_value());
  const auto *api = static_cast<const outsize_size_policy_api *>((*component)->api);
  CHECK(api->struct_size > sizeof(outsize_size_policy_api));
  CHECK(use.modules.modules().front()->components.at(1).name == "later");
}

TEST_CASE("plugin load: what is no library is refused with the loader's words") {
  plugins use;
  use.folder.add_text("outsize-text.so", "this is no library, but long enough to be read as the head of an ELF file");
  CHECK(use.folder.refusal(use.modules.load("text")) ==
        "plugin file DIR/outsize-text.so cannot be loaded: DIR/outsize-text.so: invalid ELF header | build it as a "
        "shared library for this machine, with outsize_add_plugin");
  use.folder.add_text("outsize-empty.so", "");
  CHECK(use.folder.refusal(use.modules.load("empty")) ==
        "plugin file DIR/outsize-empty.so cannot be loaded: DIR/outsize-empty.so: file too short | build it as a "
        "shared library for this machine, with outsize_add_plugin");
}

TEST_CASE("plugin load: a library without the entry is refused") {
  plugins use;
  CHECK(use.refusal_of("no-entry") ==
        "plugin file DIR/outsize-no-entry.so exports no outsize_module_v1: it is no Outsize plugin, or one for another "
        "ABI major | name a plugin file; export the module with OUTSIZE_MODULE");
}

TEST_CASE("plugin load: an undefined symbol is found while loading and named") {
  plugins use;
  CHECK(use.refusal_of("undefined") ==
        "plugin file DIR/outsize-undefined.so cannot be loaded: DIR/outsize-undefined.so: undefined symbol: "
        "symbol_that_nobody_defines | link the library that has the symbol; -z defs shows such faults when the plugin "
        "is built");
}

TEST_CASE("plugin load: a wrong module record is refused (none, magic, major, minor, cut short)") {
  plugins use;
  CHECK(use.refusal_of("no-record") ==
        "plugin file DIR/outsize-no-record.so: outsize_module_v1 returned no module record | report it to the plugin's "
        "vendor");
  CHECK(use.refusal_of("wrong-magic") ==
        "plugin file DIR/outsize-wrong-magic.so: its module record does not begin with the magic number of an Outsize "
        "plugin | build it with OUTSIZE_MODULE from the installed sdk");
  CHECK(use.refusal_of("wrong-major") ==
        "plugin file DIR/outsize-wrong-major.so: it was built for plugin ABI 2.x, this host speaks 1.0 | rebuild it "
        "against an sdk of ABI 1, or run a host of ABI 2");
  CHECK(use.refusal_of("newer") ==
        "plugin file DIR/outsize-newer.so: it needs a host of plugin ABI 1.7 or newer, this host speaks 1.0 | upgrade "
        "the host, or use an older release of the plugin");
  CHECK(use.refusal_of("cut-record") ==
        "plugin file DIR/outsize-cut-record.so: its module record has 64 bytes, fewer than the 88 of ABI 1.0 | set "
        "struct_size to sizeof(outsize_module)");
}

TEST_CASE("plugin load: a table that lacks an entry is refused by the entry's name (null, cut off)") {
  plugins use;
  CHECK(
      use.refusal_of("no-decide") ==
      "plugin file DIR/outsize-no-decide.so: size policy \"no-decide\" lacks the required entry \"decide\" | complete "
      "the function table, and set its struct_size to the size of the whole table");
  CHECK(
      use.refusal_of("cut-table") ==
      "plugin file DIR/outsize-cut-table.so: size policy \"cut-table\" lacks the required entry \"destroy\" | complete "
      "the function table, and set its struct_size to the size of the whole table");
}

TEST_CASE("plugin load: a refused module is not there afterwards, the others are") {
  plugins use;
  use.folder.add("good");
  REQUIRE(use.modules.load("good").has_value());
  (void)use.refusal_of("no-decide");
  CHECK(use.modules.modules().size() == 1);
  CHECK(use.modules.load("good").has_value());
}

TEST_CASE("plugin load: duplicates are refused (module id, same file, same bytes)") {
  plugins use;
  const fs::path good = use.folder.add("good");
  REQUIRE(use.modules.load("good").has_value());
  CHECK(use.refusal_of("twin") ==
        "plugin file DIR/outsize-twin.so has the module id org.example.good of DIR/outsize-good.so, which is loaded "
        "already | name one of the two files only, or give the module its own id");
  fs::create_hard_link(good, use.folder.path() / "outsize-link.so");
  CHECK(use.folder.refusal(use.modules.load("link")) ==
        "plugin file DIR/outsize-link.so is the same file as DIR/outsize-good.so, which is loaded already | name one "
        "of the two files only");
  use.folder.add("good", "copy");
  CHECK(use.folder.refusal(use.modules.load("copy")) ==
        "plugin file DIR/outsize-copy.so is byte for byte the same as DIR/outsize-good.so, which is loaded already | "
        "name one of the two files only");
}

TEST_CASE("plugin load: a file that may not be trusted is refused before it is loaded") {
  plugins use;
  fs::permissions(use.folder.add("good"), fs::perms(0666));
  CHECK(use.folder.refusal(use.modules.load("good")) ==
        "plugin file DIR/outsize-good.so is writable by others (mode 0666) | chmod go-w DIR/outsize-good.so");
}

TEST_CASE("plugin pin: the right digest passes, in either case of letters") {
  const plugin_folder folder;
  std::string digest = sha256_of(folder.add("good"));
  registry modules({.search_path = {folder.path()}, .sha256_by_id = {{"org.example.good", digest}}});
  CHECK(modules.load("good").has_value());
  for (char &c : digest) {
    c = static_cast<char>(std::toupper(c));
  }
  registry shouting({.search_path = {folder.path()}, .sha256_by_id = {{"org.example.good", digest}}});
  CHECK(shouting.load("good").has_value());
}

TEST_CASE("plugin pin: another digest is refused before the file is run when the id ends in the plugin's name") {
  const plugin_folder folder;
  const std::string actual = sha256_of(folder.add("undefined")); // running it would be refused with other words
  registry modules({.search_path = {folder.path()}, .sha256_by_id = {{"org.example.undefined", "00ff"}}});
  CHECK(folder.refusal(modules.load("undefined")) ==
        "plugin file DIR/outsize-undefined.so has sha256 " + actual +
            ", but org.example.undefined is pinned to 00ff | restore the file, or correct plugins.sha256 after having "
            "checked where the file comes from");
}

TEST_CASE("plugin pin: a file under another name is refused by the id it turns out to have") {
  const plugin_folder folder;
  const std::string actual = sha256_of(folder.add("good", "renamed"));
  registry modules({.search_path = {folder.path()}, .sha256_by_id = {{"org.example.good", "00ff"}}});
  CHECK(
      folder.refusal(modules.load((folder.path() / "outsize-renamed.so").string())) ==
      "plugin file DIR/outsize-renamed.so has sha256 " + actual +
          ", but org.example.good is pinned to 00ff | restore the file, or correct plugins.sha256 after having checked "
          "where the file comes from");
  CHECK(modules.modules().empty());
}

TEST_CASE("plugin load: many modules loaded and refused in turn never meet each other's code") {
  // glibc knows libraries by name: with descriptors closed and used again, the second would be the first.
  plugins use;
  for (const char *const variant : {"good", "grown"}) {
    use.folder.add(variant);
    use.folder.add("no-entry", std::string("bad-") + variant);
    CHECK_FALSE(use.modules.load(std::string("bad-") + variant).has_value());
    CHECK((*use.modules.load(variant))->id == std::string("org.example.") + variant);
  }
}

TEST_CASE("plugin load: the code is mapped from sealed memory named after the file, and stays when the registry goes") {
  const outsize_size_policy_api *api = nullptr;
  {
    plugins use;
    const fs::path file = use.folder.add("good", "mapped");
    api =
        static_cast<const outsize_size_policy_api *>((*use.modules.find(OUTSIZE_SIZE_POLICY_KIND, file.string()))->api);
    CHECK(memory_maps().find("memfd:outsize-mapped.so-" + sha256_of(file).substr(0, 8)) != std::string::npos);
  }
  CHECK(memory_maps().find("memfd:outsize-mapped.so-") != std::string::npos);
  outsize_policy_input input{};
  outsize_policy_plan plan{};
  outsize_error why = empty_abi_error();
  CHECK(api->decide(nullptr, &input, &plan, &why) == 1); // never unloaded while running
}

TEST_CASE("plugin load: the memory it is loaded from can be neither written nor grown nor cut") {
  plugins use;
  use.folder.add("good", "sealed");
  REQUIRE(use.modules.load((use.folder.path() / "outsize-sealed.so").string()).has_value());
  bool found = false;
  for (const auto &entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.find("outsize-sealed.so-") == std::string::npos) {
      continue;
    }
    found = true;
    const int fd = std::stoi(entry.path().filename().string());
    CHECK(::fcntl(fd, F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(::pwrite(fd, "x", 1, 0) == -1);
  }
  CHECK(found);
}

TEST_CASE("plugin load: no symbol of a plugin is seen by others") {
  plugins use;
  use.folder.add("good");
  REQUIRE(use.modules.load("good").has_value());
  CHECK(::dlsym(RTLD_DEFAULT, "outsize_module_v1") == nullptr);
}

TEST_CASE("plugin find: a component is found by kind and name, or is the only one of a path") {
  plugins use;
  const fs::path file = use.folder.add("good");
  CHECK((*use.modules.find(OUTSIZE_SIZE_POLICY_KIND, "good"))->name == "good");
  CHECK((*use.modules.find(OUTSIZE_SIZE_POLICY_KIND, file.string()))->name == "good");
}

TEST_CASE("plugin find: a module without such a component is refused with what it has") {
  plugins use;
  use.folder.add("good");
  use.folder.add("grown", "renamed");
  CHECK(use.folder.refusal(use.modules.find(OUTSIZE_TRANSPORT_KIND, "good")) ==
        "plugin file DIR/outsize-good.so has no transport \"good\"; it has size policy \"good\", "
        "outsize.from-the-future/1 \"later\" | name a plugin that has one; outsize plugin list shows what each has");
  CHECK(use.folder.refusal(use.modules.find(OUTSIZE_SIZE_POLICY_KIND, "renamed")) ==
        "plugin file DIR/outsize-renamed.so has no size policy \"renamed\"; it has size policy \"grown\", "
        "outsize.from-the-future/1 \"later\" | name a plugin that has one; outsize plugin list shows what each has");
}
