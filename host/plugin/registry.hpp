// The modules of this process: loads what the config names, refuses duplicates, hands out components.
//
// Thread rule: one thread, while the process starts. What it hands out may be read from any thread afterwards and
// lives as long as the registry; the code behind it is never unloaded.
#pragma once

#include "module_info.hpp"

#include <outsize/abi/module.h>
#include <outsize/result.hpp>

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::host {

class registry {
public:
  struct options {
    std::vector<std::filesystem::path> search_path;
    /// Digest in hex that a module must have, by module id. A pin whose last word is the plugin's name ("org.outsize.
    /// zeromq" for `plugin = "zeromq"`) is held against the bytes before any of them runs; every other one right after
    /// loading, when the id is known.
    std::map<std::string, std::string> sha256_by_id;
  };

  explicit registry(options how);
  registry(const registry &) = delete;
  registry &operator=(const registry &) = delete;
  ~registry();

  /// The module of that name or absolute path, loaded now unless it is loaded already. Refused: files that are not to
  /// be trusted (read_trusted_file), that do not load (load_library), that break the contract (check_module), whose
  /// digest is not the pinned one, and a second file with the same module id, inode or bytes. Error: plugin_refused.
  result<const module_info *> load(const std::string &plugin);

  /// A module that is part of this program, under the same checks of its record. `called` stands for its file.
  result<const module_info *> add_built_in(const outsize_module *module, const std::string &called);

  /// The component of that kind behind `plugin`, loading its module where needed. By name it is the component of that
  /// name, by path the only one of the kind. Error: plugin_refused, listing what the module has instead.
  result<const component_info *> find(std::string_view kind, const std::string &plugin);

  [[nodiscard]] const options &settings() const { return how_; }
  /// What is loaded, in the order of loading.
  [[nodiscard]] std::vector<const module_info *> modules() const;

private:
  struct loaded;

  result<const module_info *> load_file(const std::filesystem::path &path);
  [[nodiscard]] const loaded *loaded_from(const std::filesystem::path &path) const;
  [[nodiscard]] const module_info *built_in(std::string_view kind, const std::string &plugin) const;

  options how_;
  std::vector<std::unique_ptr<loaded>> modules_;
};

} // namespace outsize::host
