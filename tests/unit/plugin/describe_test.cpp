#include "plugin_folder.hpp"

#include <golden/approved.hpp>

#include <host/plugin/describe.hpp>
#include <host/plugin/registry.hpp>

#include <catch2/catch.hpp>

#include <regex>

using namespace outsize::host;
namespace fs = std::filesystem;

namespace {

void compare(const std::string &name, std::string text, const plugin_folder &folder) {
  for (std::size_t at = 0; (at = text.find(folder.path().string())) != std::string::npos;) {
    text.replace(at, folder.path().string().size(), "DIR");
  }
  text = std::regex_replace(text, std::regex("[0-9a-f]{64}"), "SHA256");
  check_approved(fs::path(APPROVED_FOLDER) / name, text);
}

} // namespace

TEST_CASE("plugin list: components, then the files that were refused, in text and JSON") {
  const plugin_folder folder;
  folder.add("good");
  folder.add("no-decide");
  folder.add_text("outsize-text.so", "");
  fs::copy_file(REJECT_PLUGIN, folder.path() / "outsize-reject.so");
  fs::permissions(folder.path() / "outsize-reject.so", fs::perms(0644));
  registry modules({.search_path = {folder.path()}, .sha256_by_id = {}});
  const auto plugins = survey_plugins(modules);
  compare("list.txt", plugin_list_text(plugins), folder);
  compare("list.json", plugin_list_json(plugins), folder);
}

TEST_CASE("plugin list: an empty search path says so") {
  CHECK(plugin_list_text({}) == "no plugins on the search path\n");
  CHECK(plugin_list_json({}).empty());
}

TEST_CASE("plugin inspect and params: one module, in text and JSON") {
  const plugin_folder folder;
  fs::copy_file(REJECT_PLUGIN, folder.path() / "outsize-reject.so");
  fs::permissions(folder.path() / "outsize-reject.so", fs::perms(0644));
  registry modules({.search_path = {folder.path()}, .sha256_by_id = {}});
  const auto module = modules.load("reject");
  REQUIRE(module.has_value());
  compare("inspect.txt", plugin_inspect_text(**module), folder);
  compare("inspect.json", plugin_inspect_json(**module), folder);
  compare("params.txt", plugin_params_text(**module), folder);
  compare("params.json", plugin_params_json(**module), folder);
}

TEST_CASE("plugin params: every kind of parameter and a component without any") {
  module_info module;
  component_info busy;
  busy.kind = "outsize.transport/1";
  busy.name = "busy";
  busy.params = {{"mode", 7, 0, "a", "The mode.", 0, 0, {"a", "b"}},
                 {"password", 5, 3, std::nullopt, "The password.", 0, 0, {}},
                 {"old-wait", 4, 4, "2s", "The wait.", 1'000'000, 60'000'000'000, {}},
                 {"name", 5, 0, "", "Not UTF-8: \xff.", 0, 0, {}}};
  component_info idle;
  idle.kind = "outsize.size-policy/1";
  idle.name = "idle";
  module.components = {busy, idle};
  const plugin_folder folder;
  compare("all-params.txt", plugin_params_text(module), folder);
  compare("all-params.json", plugin_params_json(module), folder);
}
