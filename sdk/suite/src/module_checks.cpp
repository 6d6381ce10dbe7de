#include "module_checks.hpp"

#include <outsize/suite/catch.hpp>
#include <outsize/suite/loaded_module.hpp>

#include <set>
#include <string>

namespace outsize::suite {

namespace {

bool is_filled(const char *text) {
  return text != nullptr && *text != '\0';
}

} // namespace

void check_identity(const outsize_module &module) {
  CHECK(std::string(module.id).find('.') != std::string::npos);
  CHECK(is_filled(module.name));
  CHECK(is_filled(module.vendor));
  CHECK(is_filled(module.license));
  CHECK(std::string(module.version).find('.') != std::string::npos);
}

void check_declaration(const outsize_component &component) {
  CHECK(is_filled(component.documentation));
  std::set<std::string> names;
  for (std::uint32_t i = 0; i < component.param_count; ++i) {
    const outsize_param &param = component.params[i];
    INFO("parameter " << param.name);
    CHECK(names.insert(param.name).second);
    CHECK(is_filled(param.documentation));
    if (param.default_text != nullptr) {
      const std::string text = param.default_text;
      CHECK(parse_param(param, text).has_value());
    }
  }
}

} // namespace outsize::suite
