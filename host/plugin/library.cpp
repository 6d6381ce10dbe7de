#include "library.hpp"

#include "sealed_image.hpp"

#include <fmt/format.h>

#include <boost/dll/shared_library.hpp>

#include <dlfcn.h>

#include <exception>
#include <string>
#include <string_view>

namespace outsize::host {
namespace {

constexpr const char *entry_name = "outsize_module_v1";

/// Boost.DLL has no name for RTLD_NODELETE; the value lies inside its enumeration and is passed through.
constexpr auto load_flags =
    static_cast<boost::dll::load_mode::type>(RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE); // NOLINT(*-enum-*)

/// The part of Boost's message that the system's loader wrote, which alone says what is wrong.
std::string loader_words(std::string_view what, std::string_view image, const std::string &file) {
  constexpr std::string_view before = "dlerror system message: ";
  if (const std::size_t at = what.find(before); at != std::string_view::npos) {
    what.remove_prefix(at + before.size());
    what = what.substr(0, what.rfind("):"));
  }
  if (what.starts_with(image)) {
    what.remove_prefix(image.size());
    return file + std::string(what);
  }
  return std::string(what);
}

error load_failed(const trusted_file &file, const sealed_image &image, std::string_view what) {
  const std::string words = loader_words(what, image.path().native(), file.path.string());
  const bool unbound = words.find("undefined symbol") != std::string::npos;
  return make_error(code::plugin_refused, fmt::format("plugin file {} cannot be loaded: {}", file.path.string(), words),
                    unbound ? "link the library that has the symbol; -z defs shows such faults when the plugin is built"
                            : "build it as a shared library for this machine, with outsize_add_plugin");
}

} // namespace

result<const outsize_module *> load_library(const trusted_file &file) {
  result<sealed_image> image = sealed_image::make(file);
  if (!image) {
    return std::move(image).error();
  }
  boost::dll::shared_library library;
  try {
    library.load(image->path(), load_flags); // only the throwing form carries the loader's words
  } catch (const std::exception &failed) {
    return load_failed(file, *image, failed.what());
  }
  image->keep_for_ever();
  if (!library.has(entry_name)) {
    return make_error(code::plugin_refused,
                      fmt::format("plugin file {} exports no {}: it is no Outsize plugin, or one for another ABI major",
                                  file.path.string(), entry_name),
                      "name a plugin file; export the module with OUTSIZE_MODULE");
  }
  try {
    return library.get<const outsize_module *()>(entry_name)();
  } catch (const std::exception &escaped) {
    return make_error(code::plugin_refused,
                      fmt::format("plugin file {}: {} threw: {}", file.path.string(), entry_name, escaped.what()),
                      "report it to the plugin's vendor");
  }
}

} // namespace outsize::host
