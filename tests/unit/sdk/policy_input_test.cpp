#include <outsize/policy_input.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <cstring>

using namespace outsize;

namespace {

outsize_policy_input filled() {
  outsize_policy_input raw{};
  raw.struct_size = sizeof raw;
  raw.log = "orders";
  raw.producer = "p1";
  raw.payload_bytes = 100;
  raw.entry_bytes = 120;
  raw.entry_bytes_max = 120;
  raw.producer_spilled_bytes_hour = 7;
  return raw;
}

} // namespace

TEST_CASE("policy input: what the host wrote is read") {
  outsize_policy_input raw = filled();
  const std::array<std::uint8_t, 2> key = {1, 2};
  raw.key = key.data();
  raw.key_bytes = key.size();
  const std::array<outsize_header, 2> headers = {
      {{"a", 1, key.data(), 1}, {"kind", 4, reinterpret_cast<const std::uint8_t *>("video"), 5}}};
  raw.headers = headers.data();
  raw.header_count = headers.size();
  const policy_input input(raw);
  CHECK(input.log() == "orders");
  CHECK(input.producer() == "p1");
  CHECK(input.has_key());
  CHECK(input.key().size() == 2);
  CHECK(input.payload_bytes() == 100);
  CHECK(input.header("kind")->size() == 5);
  CHECK_FALSE(input.header("kin").has_value());
  CHECK(input.producer_spilled().hour == 7);
}

TEST_CASE("policy input: a record fits up to the largest entry (one below, at, one above)") {
  outsize_policy_input raw = filled();
  raw.entry_bytes = raw.entry_bytes_max - 1;
  CHECK(policy_input(raw).fits());
  raw.entry_bytes = raw.entry_bytes_max;
  CHECK(policy_input(raw).fits());
  raw.entry_bytes = raw.entry_bytes_max + 1;
  CHECK_FALSE(policy_input(raw).fits());
}

TEST_CASE("policy input: a message is larger than its entry by what the segment limit leaves for the envelope") {
  outsize_policy_input raw = filled();
  raw.segment_limit_bytes = 150;
  CHECK(policy_input(raw).message_bytes() == 150);
  raw.entry_bytes = UINT64_MAX;
  CHECK(policy_input(raw).message_bytes() == UINT64_MAX);
  raw.segment_limit_bytes = 0; // a host that does not say: the entry stands for itself
  raw.entry_bytes = 7;
  CHECK(policy_input(raw).message_bytes() == 7);
}

TEST_CASE("policy input: a field that an older host does not have reads as zero") {
  outsize_policy_input raw = filled();
  raw.struct_size = offsetof(outsize_policy_input, producer_spilled_bytes_hour);
  CHECK(policy_input(raw).producer_spilled().hour == 0);
  CHECK(policy_input(raw).log() == "orders");
  raw.struct_size = offsetof(outsize_policy_input, producer_spilled_bytes_hour) + sizeof(std::uint64_t);
  CHECK(policy_input(raw).producer_spilled().hour == 7);
  raw.struct_size = offsetof(outsize_policy_input, log);
  CHECK(policy_input(raw).log().empty());
}

TEST_CASE("policy input: blob stores are read at the host's own stride") {
  struct newer_state {
    outsize_blob_store_state known;
    std::uint64_t tail;
  };
  const std::array<newer_state, 2> stores = {
      {{{sizeof(newer_state), OUTSIZE_BLOB_STORE_FULL, "first", 0}, UINT64_MAX},
       {{sizeof(newer_state), OUTSIZE_BLOB_STORE_READY, "second", 9}, UINT64_MAX}}};
  outsize_policy_input raw = filled();
  raw.blob_stores = &stores[0].known;
  raw.blob_store_count = stores.size();
  raw.blob_store_bytes = sizeof(newer_state);
  const policy_input input(raw);
  CHECK(input.blob_store("first")->state == OUTSIZE_BLOB_STORE_FULL);
  CHECK(input.blob_store("second")->free_bytes == 9);
  CHECK_FALSE(input.blob_store("third").has_value());
}
