#include "size_mix.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace outsize::host {
namespace {

constexpr std::uint64_t weight_max = 1'000'000;

error wrong(std::string_view part) {
  return make_error(code::invalid_argument, fmt::format("\"{}\" is not a size with a weight", part),
                    "write sizes and weights like 1KiB:90,1MiB:10");
}

result<weighted_size> parse_one(std::string_view part) {
  const std::size_t colon = part.find(':');
  const result<std::uint64_t> bytes = parse_bytes(part.substr(0, colon));
  if (!bytes) {
    return wrong(part);
  }
  weighted_size made{*bytes, 1};
  if (colon != std::string_view::npos) {
    const std::string_view weight = part.substr(colon + 1);
    const auto [end, failed] = std::from_chars(weight.data(), weight.data() + weight.size(), made.weight);
    if (failed != std::errc{} || end != weight.data() + weight.size() || made.weight == 0 || made.weight > weight_max) {
      return wrong(part);
    }
  }
  return made;
}

} // namespace

result<size_mix> size_mix::parse(std::string_view text) {
  size_mix made;
  made.sizes_.clear();
  made.weights_ = 0;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    result<weighted_size> one = parse_one(text.substr(from, end - from));
    if (!one) {
      return std::move(one).error();
    }
    made.sizes_.push_back(*one);
    made.weights_ += one->weight;
    from = end + 1;
  }
  return made;
}

std::uint64_t size_mix::pick(std::uint64_t random) const {
  std::uint64_t left = random % weights_;
  for (const weighted_size &size : sizes_) {
    if (left < size.weight) {
      return size.bytes;
    }
    left -= size.weight;
  }
  return sizes_.back().bytes;
}

std::uint64_t size_mix::largest() const {
  return std::ranges::max(sizes_, {}, &weighted_size::bytes).bytes;
}

} // namespace outsize::host
