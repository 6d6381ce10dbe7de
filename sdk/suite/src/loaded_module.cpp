#include <outsize/suite/loaded_module.hpp>

#include <dlfcn.h>

#include <array>
#include <charconv>
#include <limits>

namespace outsize::suite {

namespace {

error wrong(const outsize_param &declared, const std::string &text, const std::string &expected) {
  return make_error(code::bad_config,
                    "parameter '" + std::string(declared.name) + "' = '" + text + "': expected " + expected);
}

struct unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr std::array<unit, 5> byte_units{{{"", 1}, {"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};
constexpr std::array<unit, 6> time_units{{{"ns", 1},
                                          {"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", 1'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"h", 3'600'000'000'000}}};
constexpr std::array<unit, 1> no_units{{{"", 1}}};

/// A whole number followed by one of `units`; false for anything else and for an overflow.
template <std::size_t N>
bool read_number(std::string_view text, const std::array<unit, N> &units, std::int64_t &number) {
  std::int64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (failed != std::errc{}) {
    return false;
  }
  const std::string_view suffix(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const unit &one : units) {
    if (suffix == one.name) {
      return !__builtin_mul_overflow(count, one.factor, &number);
    }
  }
  return false;
}

bool is_choice(std::string_view choices, std::string_view text) {
  while (true) {
    const std::size_t bar = choices.find('|');
    if (choices.substr(0, bar) == text) {
      return true;
    }
    if (bar == std::string_view::npos) {
      return false;
    }
    choices.remove_prefix(bar + 1);
  }
}

result<std::int64_t> number_of(const outsize_param &declared, const std::string &text) {
  std::int64_t number = 0;
  switch (declared.type) {
  case OUTSIZE_PARAM_BOOL:
    if (text != "true" && text != "false") {
      return wrong(declared, text, "true or false");
    }
    return text == "true" ? 1 : 0;
  case OUTSIZE_PARAM_INTEGER:
    return read_number(text, no_units, number) ? result<std::int64_t>(number) : wrong(declared, text, "a number");
  case OUTSIZE_PARAM_BYTES:
    return read_number(text, byte_units, number) ? result<std::int64_t>(number) : wrong(declared, text, "a size");
  case OUTSIZE_PARAM_DURATION:
    return read_number(text, time_units, number) ? result<std::int64_t>(number) : wrong(declared, text, "a duration");
  case OUTSIZE_PARAM_CHOICE:
    return is_choice(declared.choices, text) ? result<std::int64_t>(0) : wrong(declared, text, declared.choices);
  case OUTSIZE_PARAM_STRING:
  case OUTSIZE_PARAM_PATH:
    return 0;
  default:
    return wrong(declared, text, "a type this version knows");
  }
}

} // namespace

result<const outsize_module *> load_module(const std::string &path) {
  void *file = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (file == nullptr) {
    return make_error(code::plugin_refused, std::string("cannot load: ") + dlerror());
  }
  using entry = const outsize_module *(*)();
  const auto ask = reinterpret_cast<entry>(dlsym(file, "outsize_module_v1"));
  if (ask == nullptr) {
    return make_error(code::plugin_refused, path + " does not export outsize_module_v1");
  }
  const outsize_module *module = ask();
  if (module == nullptr || module->magic != OUTSIZE_MODULE_MAGIC || module->abi_major != OUTSIZE_ABI_MAJOR) {
    return make_error(code::plugin_refused, path + " is not a module of ABI " + std::to_string(OUTSIZE_ABI_MAJOR));
  }
  return module;
}

const outsize_component *find_component(const outsize_module &module, std::string_view kind, std::string_view name) {
  const char *at = reinterpret_cast<const char *>(module.components);
  for (std::uint32_t i = 0; i < module.component_count; ++i, at += module.component_bytes) {
    const auto *component = reinterpret_cast<const outsize_component *>(at);
    if (component->kind == kind && (name.empty() || component->name == name)) {
      return component;
    }
  }
  return nullptr;
}

result<outsize_param_value> parse_param(const outsize_param &declared, const std::string &text) {
  const result<std::int64_t> number = number_of(declared, text);
  if (!number) {
    return number.error();
  }
  const bool bounded = declared.number_min != 0 || declared.number_max != 0;
  if (bounded && (number.value() < declared.number_min || number.value() > declared.number_max)) {
    return wrong(declared, text, std::to_string(declared.number_min) + " to " + std::to_string(declared.number_max));
  }
  return outsize_param_value{declared.name, declared.type, 0, number.value(), text.c_str()};
}

result<param_set> param_set::make(const outsize_component &component,
                                  const std::vector<std::pair<std::string, std::string>> &given) {
  param_set made;
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < component.param_count; ++i) {
    const outsize_param &declared = component.params[i];
    const std::string *text = nullptr;
    for (const auto &[name, value] : given) { // the last one wins, so that a case can override its factory
      used += name == declared.name ? 1U : 0U;
      text = name == declared.name ? &value : text;
    }
    if (text == nullptr && declared.default_text == nullptr) {
      return make_error(code::bad_config, "parameter '" + std::string(declared.name) + "' is required");
    }
    made.texts_.push_back(text != nullptr ? *text : declared.default_text);
    result<outsize_param_value> value = parse_param(declared, made.texts_.back());
    if (!value) {
      return value.error();
    }
    value->is_default = text == nullptr ? 1 : 0;
    made.values_.push_back(*value);
  }
  if (used != given.size()) {
    return make_error(code::bad_config, "a parameter was given that the component does not declare");
  }
  return made;
}

} // namespace outsize::suite
