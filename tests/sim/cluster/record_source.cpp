#include "sim/cluster/record_source.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

constexpr std::uint64_t noise_bytes = 2 * wire::mib;

/// Bytes to cut payloads from, made once.
const buffer &noise() {
  static const buffer made = [] {
    writable_buffer bytes(noise_bytes);
    random_source random(1);
    for (std::uint64_t i = 0; i < noise_bytes; ++i) {
      bytes.data()[i] = static_cast<std::uint8_t>(random.next());
    }
    return std::move(bytes).freeze();
  }();
  return made;
}

std::uint64_t header_bytes(const wire::record_header &header) {
  const auto encoded = wire::encode_record_header(header);
  return encoded ? encoded->size() : 0;
}

} // namespace

record_source::record_source(const scenario &plan, std::string owner, random_source random)
    : plan_(plan), owner_(std::move(owner)), random_(random) {
  for (const machine_settings &machine : plan.machines) {
    limits_.push_back(machine.message_limit_bytes);
  }
  for (const log_settings &log : plan.logs) {
    if (log.message_limit_bytes != 0) {
      limits_.push_back(log.message_limit_bytes);
    }
  }
}

std::uint64_t record_source::draw_record_bytes() {
  const std::uint64_t most = wire::record_bytes_max(random_.pick(limits_));
  switch (random_.between(0, 9)) {
  case 0: // only header
    return 0;
  case 1:
  case 2:
  case 3:
    return random_.between(0, 300);
  case 4: // one below, at, one above
  case 5:
    return most - 1 + random_.between(0, 2);
  case 6:
    return most - std::min<std::uint64_t>(most, 200) + random_.between(0, 400);
  case 7:
  case 8:
    return random_.between(0, most);
  default:
    return random_.between(most, 4 * most);
  }
}

/// Around a whole number of fragments, or anywhere up to the most.
std::uint64_t record_source::draw_large_bytes(const log_settings &log) {
  if (log.fragment_bytes == 0 || random_.one_in(2)) {
    return random_.between(std::min(log.fragment_bytes, log.large_bytes_max), log.large_bytes_max);
  }
  const std::uint64_t fragments =
      random_.between(1, std::max<std::uint64_t>(log.large_bytes_max / log.fragment_bytes, 1));
  return fragments * log.fragment_bytes - 1 + random_.between(0, 2);
}

void record_source::add_headers(wire::record_header &header) {
  const std::uint64_t quarter = random_.pick(limits_) / 4;
  const std::uint64_t bytes = random_.between(quarter - std::min<std::uint64_t>(quarter, 300), quarter + 300);
  header.headers.push_back({"padding", std::string(bytes, 'x')});
}

client::record record_source::make(const std::string &log, const wire::producer_fields &producer) {
  const auto into =
      std::find_if(plan_.logs.begin(), plan_.logs.end(), [&](const auto &one) { return one.name == log; });
  client::record made;
  made.header.producer = producer;
  if (random_.one_in(12)) {
    add_headers(made.header);
  }
  const bool is_large = into->large_bytes_max != 0 && random_.one_in(5);
  const std::uint64_t wanted = is_large ? draw_large_bytes(*into) : draw_record_bytes();
  // The name goes into the payload where there is room, and into the key where there is none.
  constexpr std::uint64_t name_bytes = 24;
  const std::uint64_t without_key = header_bytes(made.header);
  if (wanted < without_key + name_bytes) {
    made.header.has_key = true;
    made.header.key = fmt::format("{}-{}", owner_, ++made_);
  }
  const std::uint64_t header = header_bytes(made.header);
  made.payload = payload_of(wanted > header ? wanted - header : 0);
  return made;
}

client::record record_source::make_probe() {
  client::record made;
  made.header.has_key = true;
  made.header.key = fmt::format("{}-probe-{}", owner_, ++made_);
  return made;
}

rope record_source::payload_of(std::uint64_t bytes) {
  const std::string name = fmt::format("{}-{:016}", owner_, ++made_).substr(0, bytes);
  rope made(buffer::copy_of(name));
  for (std::uint64_t left = bytes - name.size(); left > 0;) {
    const std::uint64_t from = random_.between(0, noise_bytes / 2);
    const std::uint64_t count = std::min(left, noise_bytes / 2);
    made.append(noise().slice(from, count));
    left -= count;
  }
  return made;
}

made_record record_source::describe(const std::string &log, const client::record &what) {
  rope bytes;
  if (const auto header = wire::encode_record_header(what.header); header) {
    bytes.append(header.value());
  }
  bytes.append(what.payload);
  return {log, wire::digest_of(bytes), bytes.size(), what.payload.size(), what.header.producer};
}

} // namespace outsize::sim
