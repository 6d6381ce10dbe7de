#include "fuzz/mutator.hpp"

#include <array>
#include <iterator>

namespace outsize::fuzz {
namespace {

/// Bytes that mean something to MessagePack: nil, the unused mark, every family's first and last, ends of fixed heads.
constexpr std::string_view
    marks("\x00\x01\x7f\x80\x81\x8f\x90\x91\x9f\xa0\xa1\xbf\xc0\xc1\xc2\xc3\xc4\xc5\xc6\xc7\xc9\xca"
          "\xcb\xcc\xcd\xce\xcf\xd0\xd3\xd4\xd8\xd9\xda\xdb\xdc\xdd\xde\xdf\xe0\xff",
          40);
/// Heads that declare more than is there.
constexpr std::array<std::string_view, 8> heads = {
    std::string_view("\xdd\xff\xff\xff\xff", 5), std::string_view("\xdf\xff\xff\xff\xff", 5),
    std::string_view("\xdb\xff\xff\xff\xff", 5), std::string_view("\xc6\xff\xff\xff\xff", 5),
    std::string_view("\xc9\xff\xff\xff\xff", 5), std::string_view("\xdd\x00\x00\x01\x00", 5),
    std::string_view("\xdc\xff\xff", 3),         std::string_view("\xde\x00\x20", 3)};
/// Long enough to nest deep and to make many items, short enough to be fast.
constexpr std::size_t bytes_max = 4096;

} // namespace

buffer mutator::mutate(const buffer &from) {
  std::string bytes(from.text());
  for (std::uint64_t left = 1 + below(8); left > 0; --left) {
    change(bytes);
  }
  bytes.resize(std::min(bytes.size(), bytes_max));
  return buffer::copy_of(std::string_view(bytes));
}

void mutator::change(std::string &bytes) {
  switch (below(8)) {
  case 0:
    return set_byte(bytes);
  case 1:
    return flip_bit(bytes);
  case 2:
    return forge_head(bytes);
  case 3:
    return insert(bytes);
  case 4:
    return erase(bytes);
  case 5:
    return repeat(bytes);
  case 6:
    return borrow(bytes);
  default:
    bytes.resize(below(bytes.size() + 1));
  }
}

void mutator::set_byte(std::string &bytes) {
  if (!bytes.empty()) {
    bytes[below(bytes.size())] = once_in(2) ? marks[below(marks.size())] : static_cast<char>(below(256));
  }
}

void mutator::flip_bit(std::string &bytes) {
  if (!bytes.empty()) {
    bytes[below(bytes.size())] ^= static_cast<char>(1U << below(8));
  }
}

void mutator::forge_head(std::string &bytes) {
  const std::string_view head = heads[below(heads.size())];
  const std::size_t at = below(bytes.size() + 1);
  bytes.replace(at, std::min(bytes.size() - at, once_in(2) ? head.size() : 0), head);
}

void mutator::insert(std::string &bytes) {
  bytes.insert(below(bytes.size() + 1), 1 + below(16), marks[below(marks.size())]);
}

void mutator::erase(std::string &bytes) {
  const std::size_t at = below(bytes.size() + 1);
  bytes.erase(at, 1 + below(16));
}

void mutator::repeat(std::string &bytes) {
  const std::size_t at = below(bytes.size() + 1);
  const std::string stretch = bytes.substr(at, 1 + below(64));
  for (std::uint64_t times = 1 + below(once_in(8) ? 256 : 4); times > 0 && bytes.size() < bytes_max; --times) {
    bytes.insert(at, stretch);
  }
}

void mutator::borrow(std::string &bytes) {
  const std::string_view other = others_[below(others_.size())].text();
  const std::size_t from = below(other.size() + 1);
  bytes.insert(below(bytes.size() + 1), other.substr(from, 1 + below(64)));
}

} // namespace outsize::fuzz
