#include "vectors.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace outsize::wire::test {
namespace {

std::string read_file(const std::string &path) {
  std::ifstream from(path, std::ios::binary);
  if (!from) {
    throw std::runtime_error(path + " is missing");
  }
  std::ostringstream text;
  text << from.rdbuf();
  return text.str();
}

unsigned digit_of(char c, const std::string &where) {
  constexpr std::string_view digits = "0123456789abcdef";
  const std::size_t value = digits.find(c);
  if (value == std::string_view::npos) {
    throw std::runtime_error(where + ": '" + c + "' is no lower-case hex digit");
  }
  return static_cast<unsigned>(value);
}

} // namespace

buffer bytes_of_hex(std::string_view text, const std::string &where) {
  std::string digits;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    for (const char c : line.substr(0, line.find('#'))) {
      if (c != ' ') {
        digits += c;
      }
    }
  }
  if (digits.size() % 2 != 0) {
    throw std::runtime_error(where + ": half a byte");
  }
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(digit_of(digits[i], where) << 4 | digit_of(digits[i + 1], where));
  }
  return buffer::copy_of(std::string_view(bytes));
}

vector_file read_vector(const std::string &name) {
  const std::string path = std::string(OUTSIZE_DOCS_DIR) + "/vectors/" + name + ".hex";
  const std::string text = read_file(path);
  vector_file read;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && line.starts_with("# ");) {
    if (line.find(" = ") != std::string::npos) {
      read.fields.push_back(line.substr(2));
    }
  }
  read.bytes = bytes_of_hex(text, path);
  return read;
}

std::string read_protocol_page() {
  return read_file(std::string(OUTSIZE_DOCS_DIR) + "/protocol.md");
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += digits[static_cast<std::uint8_t>(byte) >> 4];
    text += digits[static_cast<std::uint8_t>(byte) & 0xf];
  }
  return text;
}

} // namespace outsize::wire::test
