#include "admission_fixture.hpp"

#include "host/admission/relay.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;

namespace {
constexpr std::uint64_t room = 80 * wire::mib;

std::optional<wire::refusal> relayed(std::uint64_t message_bytes) {
  const std::uint64_t payload_bytes = admission_fixture{}.payload_for(message_bytes);
  return host::refuses_to_relay({admission_fixture{}.header_bytes(), payload_bytes, nullptr, 0},
                                {"orders", "n1", "n3", room});
}
} // namespace

TEST_CASE("relay: a record over the log's limit is passed on, because only the sequencer's node knows that limit") {
  admission_fixture log;
  REQUIRE_FALSE(passes(log.admit_message(wire::mib)));
  CHECK_FALSE(relayed(wire::mib).has_value());
}

TEST_CASE("relay: what the node cannot hold is refused with its own limit (at, one above)") {
  CHECK_FALSE(relayed(room).has_value());
  const std::optional<wire::refusal> no = relayed(room + 1);
  REQUIRE(no.has_value());
  CHECK(no->why == code::too_large);
  CHECK(no->at == wire::stage::transport);
  CHECK(no->actual_bytes == room + 1);
  CHECK(no->limit_bytes == room);
  CHECK(no->limit_source == "peer n1");
  CHECK(no->log == "orders");
  CHECK(no->remedy == "append it in pieces, or connect to node n3, which decides whether the log takes it");
}

TEST_CASE("relay: a length that does not fit 64 bits is refused") {
  CHECK(host::refuses_to_relay({16, UINT64_MAX, nullptr, 0}, {"orders", "n1", "n3", room}).has_value());
}
