#include "problem.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace outsize::host {
namespace {

std::string one_line(std::string text) {
  for (char &letter : text) {
    if (static_cast<unsigned char>(letter) < 0x20) {
      letter = ' ';
    }
  }
  return text;
}

std::string details(const problem &wrong) {
  const std::string remedy = wrong.remedy.empty() ? std::string(facts_of(wrong.code).remedy) : wrong.remedy;
  std::vector<std::string> parts;
  for (const std::string &part : {wrong.value, wrong.place, wrong.limit, remedy}) {
    if (!part.empty()) {
      parts.push_back(part);
    }
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string bytes_or_nothing(std::uint64_t bytes) {
  return bytes == 0 ? std::string{} : fmt::format("{} bytes", bytes);
}

} // namespace

std::string to_line(const problem &wrong) {
  const std::string behind = details(wrong);
  std::string line = fmt::format("{}: {}", name_of(wrong.code), wrong.text);
  if (!behind.empty()) {
    line += fmt::format(" ({})", behind);
  }
  return one_line(std::move(line));
}

problem to_problem(const error &from) {
  problem made;
  made.code = from.code;
  made.text = from.text.empty() ? std::string(facts_of(from.code).cause) : from.text;
  made.value = bytes_or_nothing(from.actual_bytes);
  made.place = from.peer;
  made.limit = from.limit_bytes == 0 ? std::string{} : fmt::format("limit {}", bytes_or_nothing(from.limit_bytes));
  made.remedy = std::string(from.remedy_text());
  return made;
}

} // namespace outsize::host
