#include "survey.hpp"

#include "search.hpp"

namespace outsize::host {

std::vector<plugin_listing> survey_plugins(registry &modules) {
  std::vector<plugin_listing> found;
  for (const std::filesystem::path &file : plugin_files(modules.settings().search_path)) {
    found.push_back({file, modules.load(file.string())});
  }
  return found;
}

} // namespace outsize::host
