#include "floor_check.hpp"

#include <fstream>

namespace outsize::floor_bench {

std::uint64_t equal_records(const std::string &path, const records &sent, std::uint64_t count) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> stored;
  for (std::uint64_t number = 0; number < count; ++number) {
    stored.resize(length_bytes + sent.record_bytes(number));
    if (!file.read(stored.data(), static_cast<std::streamsize>(stored.size()))) {
      return number;
    }
    std::uint32_t length = 0;
    std::memcpy(&length, stored.data(), length_bytes);
    const auto expected = sent.at(number);
    if (length != expected.size() || std::memcmp(stored.data() + length_bytes, expected.data(), length) != 0) {
      return number;
    }
  }
  return count;
}

} // namespace outsize::floor_bench
