// outsize plugin list, inspect, params: what lies on the search path.
#include "commands.hpp"

#include "host/cli/file_error.hpp"
#include "host/plugin/describe.hpp"
#include "host/plugin/survey.hpp"

#include <filesystem>
#include <system_error>

namespace outsize::host {
namespace {

int with_registry(const common_options &common, console &to, const std::function<int(registry &)> &then) {
  std::variant<registry::options, problem> options = plugin_options_of(common);
  if (const auto *const why = std::get_if<problem>(&options); why != nullptr) {
    return to.failed(*why);
  }
  registry modules(std::get<registry::options>(std::move(options)));
  return then(modules);
}

int show_one(const common_options &common, console &to, const std::string &plugin,
             std::string (*as_text)(const module_info &), std::string (*as_json)(const module_info &)) {
  return with_registry(common, to, [&](registry &modules) {
    const result<const module_info *> found = modules.load(plugin);
    if (!found) {
      return to.failed(found.error());
    }
    to.text(to.json() ? as_json(**found) : as_text(**found));
    return exit_done;
  });
}

} // namespace

int run(const plugin_list_command & /*what*/, const common_options &common, console &to) {
  return with_registry(common, to, [&](registry &modules) {
    for (const std::filesystem::path &folder : modules.settings().search_path) {
      std::error_code why;
      const std::filesystem::directory_iterator opened(folder, why);
      if (why) {
        return to.failed(file_error(folder.string(), "searched for plugins", why.value()));
      }
    }
    const std::vector<plugin_listing> found = survey_plugins(modules);
    to.text(to.json() ? plugin_list_json(found) : plugin_list_text(found));
    return exit_done;
  });
}

int run(const plugin_inspect_command &what, const common_options &common, console &to) {
  return show_one(common, to, what.plugin, &plugin_inspect_text, &plugin_inspect_json);
}

int run(const plugin_params_command &what, const common_options &common, console &to) {
  return show_one(common, to, what.plugin, &plugin_params_text, &plugin_params_json);
}

} // namespace outsize::host
