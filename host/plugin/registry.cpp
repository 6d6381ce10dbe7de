#include "registry.hpp"

#include "library.hpp"
#include "module_check.hpp"
#include "refused.hpp"
#include "search.hpp"
#include "trusted_file.hpp"

#include <host/units/units.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

namespace outsize::host {

struct registry::loaded {
  module_info info;
  bool has_file = false; ///< false for a built-in module: the rest is unset
  std::filesystem::path path;
  dev_t device = 0;
  ino_t inode = 0;
};

namespace {

error other_digest(const std::string &file, const std::string &id, const std::string &actual,
                   const std::string &pinned) {
  return refused(fmt::format("plugin file {} has sha256 {}, but {} is pinned to {}", file, actual, id, pinned),
                 "restore the file, or correct plugins.sha256 after having checked where the file comes from");
}

std::string last_word(const std::string &id) {
  return id.substr(id.rfind('.') + 1);
}

std::string lower(std::string hex) {
  std::ranges::transform(hex, hex.begin(), [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; });
  return hex;
}

using pins = std::map<std::string, std::string>;

/// Before anything of the file runs its id is unknown, so pins are matched by the plugin's name.
std::optional<error> against_named_pin(const trusted_file &file, const pins &pinned) {
  const std::string name = plugin_name(file.path);
  for (const auto &[id, digest] : pinned) {
    if (last_word(id) == name && lower(digest) != file.sha256) {
      return other_digest(file.path.string(), id, file.sha256, digest);
    }
  }
  return std::nullopt;
}

std::optional<error> against_pin(const module_info &module, const pins &pinned) {
  const auto found = pinned.find(module.id);
  if (found != pinned.end() && lower(found->second) != module.sha256) {
    return other_digest(module.file, module.id, module.sha256, found->second);
  }
  return std::nullopt;
}

std::string components_in_words(const module_info &module) {
  std::vector<std::string> words;
  for (const component_info &component : module.components) {
    words.push_back(in_words(component.kind, component.name));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::vector<const component_info *> of_kind(const module_info &module, std::string_view kind) {
  std::vector<const component_info *> found;
  for (const component_info &component : module.components) {
    if (component.kind == kind) {
      found.push_back(&component);
    }
  }
  return found;
}

} // namespace

registry::registry(options how) : how_(std::move(how)) {}
registry::~registry() = default;

const registry::loaded *registry::loaded_from(const std::filesystem::path &path) const {
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::canonical(path.parent_path(), failed);
  const auto found = std::ranges::find_if(
      modules_, [&](const auto &other) { return other->has_file && other->path == folder / path.filename(); });
  return found == modules_.end() ? nullptr : found->get();
}

result<const module_info *> registry::load(const std::string &plugin) {
  const result<std::filesystem::path> path = find_plugin(plugin, how_.search_path);
  if (!path) {
    return path.error();
  }
  if (const loaded *known = loaded_from(*path)) {
    return &known->info;
  }
  return load_file(*path);
}

result<const module_info *> registry::load_file(const std::filesystem::path &path) {
  const result<trusted_file> file = read_trusted_file(path, ::geteuid());
  if (!file) {
    return file.error();
  }
  for (const auto &other : modules_) {
    const bool same_file = other->has_file && other->device == file->device && other->inode == file->inode;
    if (same_file || other->info.sha256 == file->sha256) {
      return refused(fmt::format("plugin file {} is {} as {}, which is loaded already", file->path.string(),
                                 same_file ? "the same file" : "byte for byte the same", other->info.file),
                     "name one of the two files only");
    }
  }
  if (std::optional<error> why = against_named_pin(*file, how_.sha256_by_id)) {
    return *std::move(why);
  }
  const result<const outsize_module *> record = load_library(*file);
  if (!record) {
    return record.error();
  }
  result<const module_info *> added = add_built_in(*record, file->path.string());
  if (!added) {
    return added;
  }
  loaded &last = *modules_.back();
  last.info.sha256 = file->sha256;
  if (std::optional<error> why = against_pin(last.info, how_.sha256_by_id)) {
    modules_.pop_back();
    return *std::move(why);
  }
  last.has_file = true;
  last.path = file->path;
  last.device = file->device;
  last.inode = file->inode;
  return &last.info;
}

result<const module_info *> registry::add_built_in(const outsize_module *module, const std::string &called) {
  result<module_info> info = check_module(module, called);
  if (!info) {
    return std::move(info).error();
  }
  const auto twin = std::ranges::find_if(modules_, [&](const auto &other) { return other->info.id == info->id; });
  if (twin != modules_.end()) {
    return refused(fmt::format("plugin file {} has the module id {} of {}, which is loaded already", called, info->id,
                               (*twin)->info.file),
                   "name one of the two files only, or give the module its own id");
  }
  auto made = std::make_unique<loaded>();
  made->info = *std::move(info);
  modules_.push_back(std::move(made));
  return &modules_.back()->info;
}

const module_info *registry::built_in(std::string_view kind, const std::string &plugin) const {
  for (const auto &module : modules_) {
    const auto same = [&](const component_info &c) { return c.kind == kind && c.name == plugin; };
    if (!module->has_file && std::ranges::any_of(module->info.components, same)) {
      return &module->info;
    }
  }
  return nullptr;
}

result<const component_info *> registry::find(std::string_view kind, const std::string &plugin) {
  const module_info *module = built_in(kind, plugin);
  if (module == nullptr) {
    result<const module_info *> loaded_now = load(plugin);
    if (!loaded_now) {
      return std::move(loaded_now).error();
    }
    module = *loaded_now;
  }
  const std::vector<const component_info *> candidates = of_kind(*module, kind);
  if (plugin.starts_with('/') && candidates.size() == 1) {
    return candidates.front();
  }
  const std::string wanted = plugin.starts_with('/') ? plugin_name(plugin) : plugin;
  const auto named = std::ranges::find(candidates, wanted, &component_info::name);
  if (named == candidates.end()) {
    return refused(fmt::format("plugin file {} has no {}; it has {}", module->file, in_words(kind, wanted),
                               components_in_words(*module)),
                   "name a plugin that has one; outsize plugin list shows what each has");
  }
  return *named;
}

std::vector<const module_info *> registry::modules() const {
  std::vector<const module_info *> all;
  for (const auto &module : modules_) {
    all.push_back(&module->info);
  }
  return all;
}

} // namespace outsize::host
