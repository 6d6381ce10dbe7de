#include "plugin_folder.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace fs = std::filesystem;

plugin_folder::plugin_folder() {
  std::string name = (fs::canonical(fs::temp_directory_path()) / "outsize-plugin-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

plugin_folder::~plugin_folder() {
  std::error_code ignored; // a case may have taken away its own rights
  fs::remove_all(path_, ignored);
}

fs::path plugin_folder::add(const std::string &variant, const std::string &name) const {
  const fs::path from = fs::path(HOSTILE_FOLDER) / ("outsize-" + variant + ".so");
  const fs::path to = path_ / ("outsize-" + (name.empty() ? variant : name) + ".so");
  fs::copy_file(from, to);
  fs::permissions(to, fs::perms(0644));
  return to;
}

fs::path plugin_folder::add_text(const std::string &file_name, const std::string &text) const {
  const fs::path to = path_ / file_name;
  std::ofstream(to) << text;
  fs::permissions(to, fs::perms(0644));
  return to;
}

std::string plugin_folder::shown(const outsize::error &why) const {
  std::string text = why.text + " | " + std::string(why.remedy_text());
  for (std::size_t at = text.find(path_.string()); at != std::string::npos; at = text.find(path_.string())) {
    text.replace(at, path_.string().size(), "DIR");
  }
  return text;
}
