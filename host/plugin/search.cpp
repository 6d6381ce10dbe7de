#include "search.hpp"

#include "refused.hpp"

#include <host/units/units.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

namespace outsize::host {
namespace {

constexpr std::string_view prefix = "outsize-";
constexpr std::string_view suffix = ".so";

bool is_plugin_name(const std::string &name) {
  const auto legal = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && std::ranges::all_of(name, legal);
}

std::string folders_in_words(search_path folders) {
  std::vector<std::string> names;
  for (const std::filesystem::path &folder : folders) {
    names.push_back(folder.string());
  }
  return names.empty() ? "any folder, because plugins.search-path is empty" : fmt::format("{}", fmt::join(names, ", "));
}

error not_found(const std::string &name, search_path folders) {
  std::vector<std::string> near;
  for (const std::filesystem::path &file : plugin_files(folders)) {
    near.push_back(plugin_name(file));
  }
  const std::vector<std::string_view> names(near.begin(), near.end());
  return refused(fmt::format("no plugin \"{}\"{}: there is no {}{}{} in {}", name, did_you_mean(name, names), prefix,
                             name, suffix, folders_in_words(folders)),
                 "correct the name or plugins.search-path; outsize plugin list shows what is there");
}

} // namespace

result<std::filesystem::path> find_plugin(const std::string &plugin, search_path folders) {
  if (plugin.starts_with('/')) {
    return std::filesystem::path(plugin);
  }
  if (!is_plugin_name(plugin)) {
    return refused(fmt::format("\"{}\" is neither the name of a plugin nor the absolute path of one", plugin),
                   "write a name of lower case letters, digits and '-', or a path that begins with '/'");
  }
  std::vector<std::filesystem::path> found;
  for (const std::filesystem::path &folder : folders) {
    if (!folder.is_absolute()) {
      return refused(fmt::format("\"{}\" in plugins.search-path is not an absolute path", folder.string()),
                     "write the whole path of the folder");
    }
    std::error_code failed;
    const std::filesystem::path file = folder / fmt::format("{}{}{}", prefix, plugin, suffix);
    const bool seen = std::ranges::any_of(found, [&](const auto &other) {
      std::error_code unknown;
      return std::filesystem::equivalent(other.parent_path(), folder, unknown); // one folder, listed twice
    });
    if (!seen && std::filesystem::symlink_status(file, failed).type() != std::filesystem::file_type::not_found &&
        !failed) {
      found.push_back(file);
    }
  }
  if (found.empty()) {
    return not_found(plugin, folders);
  }
  if (found.size() > 1) {
    return refused(fmt::format("plugin \"{}\" is ambiguous: {} and {}", plugin, found[0].string(), found[1].string()),
                   "remove one of the two, or write the absolute path");
  }
  return found.front();
}

std::vector<std::filesystem::path> plugin_files(search_path folders) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path &folder : folders) {
    const auto begin = files.size();
    std::error_code failed;
    for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
      const std::string name = at->path().filename().string();
      if (name.starts_with(prefix) && name.ends_with(suffix)) {
        files.push_back(at->path());
      }
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(begin), files.end());
  }
  return files;
}

std::string plugin_name(const std::filesystem::path &file) {
  const std::string stem = file.stem().string();
  return stem.starts_with(prefix) ? stem.substr(prefix.size()) : stem;
}

} // namespace outsize::host
