#include "host/config/keys.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

using namespace outsize;

namespace {

std::vector<std::string> lines_of_page() {
  const char *const source = std::getenv("OUTSIZE_SOURCE_DIR");
  REQUIRE(source != nullptr);
  std::ifstream page(std::string(source) + "/docs/configuration.md");
  REQUIRE(page);
  std::vector<std::string> lines;
  for (std::string line; std::getline(page, line);) {
    lines.push_back(line);
  }
  return lines;
}

std::string heading_of(const host::section_facts &section) {
  return section.repeated ? "## `[[" + std::string(section.name) + "]]`" : "## `[" + std::string(section.name) + "]`";
}

} // namespace

TEST_CASE("documentation: docs/configuration.md has exactly the reader's keys, section by section") {
  std::vector<std::string> expected;
  for (const host::section_facts &section : host::config_sections()) {
    expected.push_back(heading_of(section));
    for (const host::key_facts &key : host::keys_of(section.name)) {
      expected.push_back(host::documentation_row(key));
    }
  }
  std::vector<std::string> found;
  for (const std::string &line : lines_of_page()) {
    if (line.starts_with("## `[") || line.starts_with("| `")) {
      found.push_back(line);
    }
  }
  CHECK(found == expected);
}

TEST_CASE("documentation: every key belongs to a section") {
  std::set<std::string_view> sections;
  for (const host::section_facts &section : host::config_sections()) {
    sections.insert(section.name);
  }
  for (const host::key_facts &key : host::config_keys()) {
    CHECK(sections.contains(key.section));
  }
}
