// Holds the table of parameters in a plugin's README against what the plugin declares: a row for each, with its
// default, and no other. Usage: readme-check MODULE README
#include <outsize/suite/loaded_module.hpp>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

using namespace outsize;

namespace {

std::vector<std::string> rows_of(const char *page) {
  std::ifstream file(page);
  std::vector<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) {
      rows.push_back(line);
    }
  }
  return rows;
}

/// How a table shows the default.
std::string default_of(const outsize_param &param) {
  if (param.default_text == nullptr) {
    return "required";
  }
  return *param.default_text == '\0' ? "empty" : "`" + std::string(param.default_text) + "`";
}

/// Takes the row of that parameter out; false when there is none.
bool take_row(std::vector<std::string> &rows, const outsize_param &param) {
  return std::erase_if(rows, [&](const std::string &row) {
           return row.starts_with("| `" + std::string(param.name) + "` |") &&
                  row.find(default_of(param)) != std::string::npos;
         }) == 1;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    return 2;
  }
  const result<const outsize_module *> module = suite::load_module(argv[1]);
  if (!module) {
    std::fprintf(stderr, "%s\n", module.error().text.c_str());
    return 1;
  }
  std::vector<std::string> rows = rows_of(argv[2]);
  bool complete = true;
  for (std::uint32_t i = 0; i < (*module)->component_count; ++i) {
    const outsize_component &component = (*module)->components[i];
    for (std::uint32_t k = 0; k < component.param_count; ++k) {
      if (!take_row(rows, component.params[k])) {
        std::fprintf(stderr, "%s: no row for `%s` with its default, %s\n", argv[2], component.params[k].name,
                     default_of(component.params[k]).c_str());
        complete = false;
      }
    }
  }
  for (const std::string &row : rows) {
    std::fprintf(stderr, "%s: no such parameter: %s\n", argv[2], row.c_str());
  }
  return complete && rows.empty() ? 0 : 1;
}
