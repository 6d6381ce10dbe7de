#include "units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>
#include <vector>

namespace outsize::host {
namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array byte_units = {unit{"TiB", std::uint64_t{1} << 40}, unit{"GiB", std::uint64_t{1} << 30},
                                   unit{"MiB", std::uint64_t{1} << 20}, unit{"KiB", std::uint64_t{1} << 10},
                                   unit{"B", 1}};

constexpr std::array time_units = {unit{"d", 86'400'000'000'000},
                                   unit{"h", 3'600'000'000'000},
                                   unit{"m", 60'000'000'000},
                                   unit{"s", 1'000'000'000},
                                   unit{"ms", 1'000'000},
                                   unit{"us", 1'000},
                                   unit{"ns", 1}};

error not_a(std::string_view noun, std::string_view text, std::string_view why, std::string_view remedy) {
  return make_error(code::invalid_argument, fmt::format("\"{}\" is not a {}: {}", text, noun, why),
                    std::string(remedy));
}

struct written {
  std::uint64_t number;
  std::string_view unit_name;
};

/// Digits, then a unit name that may be missing; one space between them is allowed.
result<written> read_number(std::string_view text, std::string_view noun, std::string_view remedy) {
  written read{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), read.number);
  if (failed == std::errc::result_out_of_range) {
    return not_a(noun, text, "the number is too large", remedy);
  }
  if (failed != std::errc{}) {
    return not_a(noun, text, "it does not begin with a whole number", remedy);
  }
  read.unit_name = text.substr(static_cast<std::size_t>(end - text.data()));
  if (read.unit_name.size() > 1 && read.unit_name.front() == ' ') {
    read.unit_name.remove_prefix(1);
  }
  return read;
}

template <std::size_t N> result<std::uint64_t> scaled(const written &read, const std::array<unit, N> &units,
                                                      std::uint64_t max, std::string_view text, std::string_view noun,
                                                      std::string_view remedy) {
  const auto *const found = std::ranges::find(units, read.unit_name, &unit::name);
  if (found == units.end()) {
    return not_a(noun, text, fmt::format("unknown unit \"{}\"", read.unit_name), remedy);
  }
  if (read.number > max / found->factor) {
    return not_a(noun, text, "the number is too large", remedy);
  }
  return read.number * found->factor;
}

template <std::size_t N> std::string shortest(std::uint64_t value, const std::array<unit, N> &units) {
  const auto *const largest =
      std::ranges::find_if(units, [value](const unit &u) { return value != 0 && value % u.factor == 0; });
  const unit &chosen = largest == units.end() ? units.back() : *largest;
  return fmt::format("{}{}", value / chosen.factor, chosen.name);
}

/// Levenshtein's distance, one row at a time.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

} // namespace

result<std::uint64_t> parse_bytes(std::string_view text) {
  constexpr std::string_view noun = "size";
  constexpr std::string_view remedy = "write a whole number and B, KiB, MiB, GiB or TiB, for instance 32MiB";
  result<written> read = read_number(text, noun, remedy);
  if (!read) {
    return std::move(read).error();
  }
  if (read->unit_name.empty()) {
    return read->number;
  }
  return scaled(*read, byte_units, std::numeric_limits<std::uint64_t>::max(), text, noun, remedy);
}

result<duration> parse_duration(std::string_view text) {
  constexpr std::string_view noun = "duration";
  constexpr std::string_view remedy = "write a whole number and ns, us, ms, s, m, h or d, for instance 250ms";
  result<written> read = read_number(text, noun, remedy);
  if (!read) {
    return std::move(read).error();
  }
  if (read->unit_name.empty()) {
    return not_a(noun, text, "the unit is missing", remedy);
  }
  constexpr auto max = static_cast<std::uint64_t>(duration::max().count());
  result<std::uint64_t> ns = scaled(*read, time_units, max, text, noun, remedy);
  if (!ns) {
    return std::move(ns).error();
  }
  return duration{static_cast<duration::rep>(*ns)};
}

std::string format_bytes(std::uint64_t bytes) {
  return shortest(bytes, byte_units);
}

std::string format_duration(duration time) {
  const auto ns = time.count();
  const std::uint64_t magnitude = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  if (magnitude == 0) {
    return "0s";
  }
  return (ns < 0 ? "-" : "") + shortest(magnitude, time_units);
}

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> names) {
  std::string_view best;
  std::size_t best_edits = name.size() / 2 + 1;
  for (const std::string_view candidate : names) {
    const std::size_t edits = edits_between(name, candidate);
    if (edits < best_edits) {
      best = candidate;
      best_edits = edits;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> names) {
  const std::string_view nearest = nearest_name(name, names);
  return nearest.empty() ? std::string{} : fmt::format(" (did you mean \"{}\"?)", nearest);
}

} // namespace outsize::host
