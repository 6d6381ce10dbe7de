#include "describe.hpp"

#include "param_values.hpp"

#include <outsize/abi/param.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace outsize::host {
namespace {

using json = nlohmann::ordered_json;
using row = std::vector<std::string>;

/// Columns as wide as their widest cell, two blanks between, nothing behind the last.
std::string table(const std::vector<row> &rows) {
  std::vector<std::size_t> widths;
  for (const row &cells : rows) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], cells[i].size());
    }
  }
  std::string text;
  for (const row &cells : rows) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += i + 1 == cells.size() ? cells[i] : fmt::format("{:<{}}  ", cells[i], widths[i]);
    }
    text += '\n';
  }
  return text;
}

/// Bytes of a plugin may be anything; what is not UTF-8 is replaced rather than thrown about.
std::string line(const json &object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string or_none(const std::string &text) {
  return text.empty() ? "(none)" : text;
}

std::string abi_of(const module_info &module) {
  return fmt::format("{}.{}", module.abi_major, module.abi_minor);
}

std::vector<std::string> flag_names(std::uint32_t flags) {
  std::vector<std::string> names;
  for (const auto &[flag, name] :
       {std::pair{OUTSIZE_PARAM_REQUIRED, "required"}, std::pair{OUTSIZE_PARAM_SECRET, "secret"},
        std::pair{OUTSIZE_PARAM_DEPRECATED, "deprecated"}}) {
    if ((flags & flag) != 0) {
      names.emplace_back(name);
    }
  }
  return names;
}

std::string range_of(const param_info &param) {
  return param.choices.empty() ? bounds_in_words(param) : fmt::format("{}", fmt::join(param.choices, ", "));
}

std::string default_of(const param_info &param) {
  if (!param.default_text) {
    return "(required)";
  }
  return param.default_text->empty() ? "\"\"" : *param.default_text;
}

std::string documentation_of(const param_info &param) {
  std::vector<std::string> marks = flag_names(param.flags);
  std::erase(marks, "required"); // the column of defaults says it
  return marks.empty() ? param.documentation : fmt::format("{} ({})", param.documentation, fmt::join(marks, ", "));
}

json json_of(const param_info &param) {
  json made = {{"name", param.name}, {"type", type_name(param.type)}};
  made["default"] = param.default_text ? json(*param.default_text) : json(nullptr);
  made["flags"] = flag_names(param.flags);
  if (param.is_bounded()) {
    made["min"] = param.number_min;
    made["max"] = param.number_max;
  }
  if (!param.choices.empty()) {
    made["choices"] = param.choices;
  }
  made["documentation"] = param.documentation;
  return made;
}

json json_of(const component_info &component) {
  json made = {{"kind", component.kind}, {"name", component.name}, {"documentation", component.documentation}};
  if (!component.schemes.empty()) {
    made["schemes"] = component.schemes;
  }
  return made;
}

json json_of(const module_info &module) {
  json components = json::array();
  for (const component_info &component : module.components) {
    components.push_back(json_of(component));
  }
  return {{"id", module.id},
          {"name", module.name},
          {"vendor", module.vendor},
          {"version", module.version},
          {"license", module.license},
          {"build_id", module.build_id},
          {"abi", abi_of(module)},
          {"min_host_minor", module.min_host_minor},
          {"file", module.file},
          {"sha256", module.sha256},
          {"components", std::move(components)}};
}

} // namespace

std::string plugin_list_text(std::span<const plugin_listing> plugins) {
  std::vector<row> rows = {{"KIND", "NAME", "VERSION", "MODULE", "FILE"}};
  std::string refusals;
  for (const plugin_listing &plugin : plugins) {
    if (!plugin.module) {
      const error &why = plugin.module.error();
      refusals += fmt::format("refused: {} ({})\n", why.text, why.remedy_text());
      continue;
    }
    const module_info &module = **plugin.module;
    for (const component_info &component : module.components) {
      rows.push_back({std::string(short_kind(component.kind)), component.name, module.version, module.id, module.file});
    }
  }
  if (plugins.empty()) {
    return "no plugins on the search path\n";
  }
  return table(rows) + refusals;
}

std::string plugin_list_json(std::span<const plugin_listing> plugins) {
  std::string lines;
  for (const plugin_listing &plugin : plugins) {
    if (plugin.module) {
      lines += line(json_of(**plugin.module));
      continue;
    }
    const error &why = plugin.module.error();
    lines += line({{"file", plugin.file.string()},
                   {"refused", {{"code", name_of(why.code)}, {"text", why.text}, {"remedy", why.remedy_text()}}}});
  }
  return lines;
}

std::string plugin_inspect_text(const module_info &module) {
  std::string text = table({{"id", module.id},
                            {"name", module.name},
                            {"vendor", module.vendor},
                            {"version", module.version},
                            {"license", module.license},
                            {"build", or_none(module.build_id)},
                            {"abi", fmt::format("{} (needs a host of {}.{} or newer)", abi_of(module), module.abi_major,
                                                module.min_host_minor)},
                            {"file", module.file},
                            {"sha256", or_none(module.sha256)}});
  for (const component_info &component : module.components) {
    text += fmt::format("\n{} ({})\n  {}\n", in_words(component.kind, component.name), component.kind,
                        component.documentation);
    if (!component.schemes.empty()) {
      text += fmt::format("  schemes: {}\n", fmt::join(component.schemes, ", "));
    }
    text += fmt::format("  parameters: {}\n", component.params.size());
  }
  return text;
}

std::string plugin_inspect_json(const module_info &module) {
  return line(json_of(module));
}

std::string plugin_params_text(const module_info &module) {
  std::string text;
  for (const component_info &component : module.components) {
    text += fmt::format("{}{}\n", text.empty() ? "" : "\n", in_words(component.kind, component.name));
    std::vector<row> rows;
    for (const param_info &param : component.params) {
      rows.push_back({"  " + param.name, std::string(type_name(param.type)), default_of(param), range_of(param),
                      documentation_of(param)});
    }
    text += rows.empty() ? "  takes no parameters\n" : table(rows);
  }
  return text;
}

std::string plugin_params_json(const module_info &module) {
  std::string lines;
  for (const component_info &component : module.components) {
    for (const param_info &param : component.params) {
      json one = {{"kind", component.kind}, {"component", component.name}};
      one.update(json_of(param));
      lines += line(one);
    }
  }
  return lines;
}

} // namespace outsize::host
