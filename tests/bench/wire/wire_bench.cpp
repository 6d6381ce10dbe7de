// What the codec costs on the way of an append: a store and an append of 64 records of 1 KiB, and the head of one part.
#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace {

using namespace outsize;

constexpr std::size_t records_per_message = 64;
constexpr std::uint64_t payload_bytes = 1024;

wire::record_header sample_record_header() {
  wire::record_header made;
  made.producer = {"producer-1", 1, 2, 1};
  made.has_key = true;
  made.key = "customer-7";
  made.headers = {{"type", "invoice"}};
  return made;
}

wire::entry_header sample_entry_header(wire::offset_t offset) {
  wire::entry_header made;
  made.segment = {3, 2};
  made.offset = offset;
  made.generation = 6;
  made.timestamp_ms = 1'700'000'000'000;
  made.record_header_bytes = static_cast<std::uint32_t>(wire::encode_record_header(sample_record_header())->size());
  made.payload_bytes = payload_bytes;
  made.content = wire::digest_of(rope(buffer::of_static("content")));
  return made;
}

wire::store sample_store() {
  wire::store made;
  made.segment = {3, 2};
  made.generation = 6;
  made.wave = 1;
  made.first = 4129;
  for (std::size_t i = 0; i < records_per_message; ++i) {
    made.entry_headers.push_back(wire::encode_entry_header(sample_entry_header(made.first + i)));
  }
  return made;
}

wire::append sample_append() {
  const wire::entry_header entry = sample_entry_header(1);
  wire::append made;
  made.log = "orders";
  made.records.assign(records_per_message, {entry.record_header_bytes, entry.payload_bytes, entry.content});
  made.time_left_ms = 5000;
  return made;
}

template <class Message> buffer sealed(const Message &message) {
  return wire::seal_envelope(wire::encode(message), Message::number, 7);
}

template <class Message> void encode_message(benchmark::State &state, const Message &message) {
  for (auto round : state) {
    benchmark::DoNotOptimize(sealed(message));
  }
  state.counters["bytes"] = static_cast<double>(sealed(message).size());
}
template <class Message> void decode_message(benchmark::State &state, const Message &message) {
  const buffer bytes = sealed(message);
  for (auto round : state) {
    auto decoded = wire::decode<Message>(bytes);
    if (!decoded) {
      std::abort();
    }
    benchmark::DoNotOptimize(decoded);
  }
}

void encode_store(benchmark::State &state) {
  encode_message(state, sample_store());
}
void decode_store(benchmark::State &state) {
  decode_message(state, sample_store());
}
void encode_append(benchmark::State &state) {
  encode_message(state, sample_append());
}
void decode_append(benchmark::State &state) {
  decode_message(state, sample_append());
}
void encode_part(benchmark::State &state) {
  encode_message(state, wire::part{9, 300, 5'000'000, 1'048'000});
}
void decode_part(benchmark::State &state) {
  decode_message(state, wire::part{9, 300, 5'000'000, 1'048'000});
}

void decode_envelope(benchmark::State &state) {
  const buffer bytes = sealed(sample_store());
  for (auto round : state) {
    benchmark::DoNotOptimize(wire::decode_envelope(bytes.span()));
  }
}
void encode_entry_header(benchmark::State &state) {
  const wire::entry_header header = sample_entry_header(4129);
  for (auto round : state) {
    benchmark::DoNotOptimize(wire::encode_entry_header(header));
  }
}
void decode_entry_header(benchmark::State &state) {
  const buffer bytes = wire::encode_entry_header(sample_entry_header(4129));
  for (auto round : state) {
    benchmark::DoNotOptimize(wire::decode_entry_header(bytes.span()));
  }
}
void encode_record_header(benchmark::State &state) {
  const wire::record_header header = sample_record_header();
  for (auto round : state) {
    benchmark::DoNotOptimize(wire::encode_record_header(header));
  }
}
void decode_record_header(benchmark::State &state) {
  const buffer bytes = *wire::encode_record_header(sample_record_header());
  for (auto round : state) {
    benchmark::DoNotOptimize(wire::decode_record_header(bytes.span()));
  }
}

BENCHMARK(encode_store);
BENCHMARK(decode_store);
BENCHMARK(encode_append);
BENCHMARK(decode_append);
BENCHMARK(encode_part);
BENCHMARK(decode_part);
BENCHMARK(decode_envelope);
BENCHMARK(encode_entry_header);
BENCHMARK(decode_entry_header);
BENCHMARK(encode_record_header);
BENCHMARK(decode_record_header);

} // namespace
