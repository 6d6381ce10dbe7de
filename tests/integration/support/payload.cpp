#include "payload.hpp"

#include <outsize/suite/catch.hpp>
#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <utility>

namespace outsize::test {

rope payload_of(std::uint64_t bytes, std::uint64_t seed) {
  writable_buffer made(bytes);
  std::mt19937_64 source(seed);
  for (std::uint64_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = source();
    std::memcpy(made.data() + at, &word, std::min<std::uint64_t>(sizeof word, bytes - at));
  }
  return {std::move(made).freeze()};
}

std::vector<rope> payloads_of(std::uint64_t count, std::uint64_t bytes) {
  std::vector<rope> made;
  for (std::uint64_t i = 0; i < count; ++i) {
    made.push_back(payload_of(bytes, i));
  }
  return made;
}

void write_file(const std::string &path, const rope &content) {
  std::ofstream to(path, std::ios::binary);
  for (const buffer &part : content.parts()) {
    to.write(part.text().data(), static_cast<std::streamsize>(part.size()));
  }
  REQUIRE(to.flush().good());
}

std::uint64_t message_bytes_of(std::uint64_t payload_bytes) {
  const std::uint64_t header_bytes = wire::encode_record_header({}).value().size();
  return wire::carrier_overhead_bytes + wire::entry_header_bytes + header_bytes + payload_bytes;
}

std::uint64_t payload_bytes_max(std::uint64_t message_limit_bytes) {
  return message_limit_bytes - message_bytes_of(0);
}

} // namespace outsize::test
