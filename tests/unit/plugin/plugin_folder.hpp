// A folder of one's own for plugin files: made for a case, gone with it.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/result.hpp>

#include <filesystem>
#include <string>

class plugin_folder {
public:
  plugin_folder();
  plugin_folder(const plugin_folder &) = delete;
  plugin_folder &operator=(const plugin_folder &) = delete;
  ~plugin_folder();

  [[nodiscard]] const std::filesystem::path &path() const { return path_; }

  /// Copies outsize-`variant`.so, one of the modules built for these tests, to outsize-`name`.so, mode 0644.
  std::filesystem::path add(const std::string &variant, const std::string &name = {}) const;
  /// A file that is no library.
  std::filesystem::path add_text(const std::string &file_name, const std::string &text) const;

  /// Text of the failure with this folder written as DIR, then its remedy; "taken" when there is none.
  template <class T> [[nodiscard]] std::string refusal(const outsize::result<T> &outcome) const {
    return outcome ? "taken" : shown(outcome.error());
  }

private:
  [[nodiscard]] std::string shown(const outsize::error &why) const;
  std::filesystem::path path_;
};
