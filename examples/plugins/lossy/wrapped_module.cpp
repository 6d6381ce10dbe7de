#include "wrapped_module.hpp"

#include <outsize/abi/module.h>

#include <dlfcn.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>

namespace lossy {

namespace {

using outsize::code;
using outsize::error;
using outsize::make_error;

error bad(const std::string &text) {
  return make_error(code::bad_config, text);
}

struct unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<unit, 11> units = {{{"", 1},
                                         {"B", 1},
                                         {"KiB", 1 << 10},
                                         {"MiB", 1 << 20},
                                         {"GiB", 1 << 30},
                                         {"ns", 1},
                                         {"us", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60'000'000'000},
                                         {"h", 3'600'000'000'000}}};

/// "32MiB", "250ms", "7": a default as its author wrote it, so nothing but what an author may write.
std::optional<std::int64_t> number_of(std::string_view text) {
  if (text == "true" || text == "false") {
    return text == "true" ? 1 : 0;
  }
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  for (const unit &one : units) {
    if (failed == std::errc{} && one.name == std::string_view(end, text.data() + text.size())) {
      return number * one.factor;
    }
  }
  return std::nullopt;
}

outsize::result<outsize_param_value> default_of(const outsize_param &param) {
  if (param.default_text == nullptr) {
    return bad("the wrapped transport needs its parameter \"" + std::string(param.name) + "\", which lossy cannot set");
  }
  const bool is_text =
      param.type == OUTSIZE_PARAM_STRING || param.type == OUTSIZE_PARAM_PATH || param.type == OUTSIZE_PARAM_CHOICE;
  const std::optional<std::int64_t> number = is_text ? 0 : number_of(param.default_text);
  if (!number) {
    return bad("the wrapped transport's default of \"" + std::string(param.name) + "\" cannot be read");
  }
  return outsize_param_value{param.name, param.type, 1, *number, is_text ? param.default_text : ""};
}

const outsize_component *first_transport(const outsize_module &module) {
  const auto *at = reinterpret_cast<const char *>(module.components);
  for (std::uint32_t i = 0; i < module.component_count; ++i, at += module.component_bytes) {
    const auto *component = reinterpret_cast<const outsize_component *>(at);
    if (std::string_view(component->kind) == OUTSIZE_TRANSPORT_KIND) {
      return component;
    }
  }
  return nullptr;
}

} // namespace

outsize::result<wrapped_module> wrapped_module::load(const std::string &path) {
  void *file = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (file == nullptr) {
    return bad(std::string("module: ") + ::dlerror());
  }
  const auto entry = reinterpret_cast<const outsize_module *(*)()>(::dlsym(file, "outsize_module_v1"));
  const outsize_module *module = entry == nullptr ? nullptr : entry();
  if (module == nullptr || module->magic != OUTSIZE_MODULE_MAGIC || module->abi_major != OUTSIZE_ABI_MAJOR) {
    return bad("module: " + path + " is no plugin of this ABI");
  }
  const outsize_component *component = first_transport(*module);
  if (component == nullptr) {
    return bad("module: " + path + " has no transport");
  }
  wrapped_module made;
  made.api = static_cast<const outsize_transport_api *>(component->api);
  const auto *at = reinterpret_cast<const char *>(component->params);
  for (std::uint32_t i = 0; i < component->param_count; ++i) {
    const auto *param = reinterpret_cast<const outsize_param *>(at);
    outsize::result<outsize_param_value> value = default_of(*param);
    if (!value) {
      return std::move(value).error();
    }
    made.params.push_back(*value);
    at += param->struct_size;
  }
  return made;
}

} // namespace lossy
