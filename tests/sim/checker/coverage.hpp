// How often what happened: faults that struck, rules that were checked against something, things the host said or did.
// A rule that is never exercised proves nothing, so a range of seeds ends with this table and a test asks for it.
//
// A name is "GROUP/WHAT": fault/kill, rule/L3, refused/too_large, said/segment-closing, sent/part.
//
// Thread rule: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::sim {

class coverage {
public:
  void add(std::string_view name, std::uint64_t count = 1) { counter(name) += count; }
  void add(const coverage &more);
  /// Stays where it is: for what is counted very often.
  std::uint64_t &counter(std::string_view name);

  [[nodiscard]] std::uint64_t count(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>> &counts() const { return counts_; }

  /// "NAME COUNT" lines, and back; lines that are none are passed over.
  [[nodiscard]] std::string to_text() const;
  void add_text(const std::string &text);

  /// Which of `wanted` never happened.
  [[nodiscard]] std::vector<std::string> missing(std::span<const std::string_view> wanted) const;

private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

/// What a few hundred seeds must have exercised: every rule, every fault, every way out of a failure.
std::span<const std::string_view> wanted_coverage();

} // namespace outsize::sim
