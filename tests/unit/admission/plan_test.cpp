#include "admission_fixture.hpp"

#include "host/admission/plan_check.hpp"

#include <outsize/policy_input.hpp>

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;

namespace {

host::verdict decide(admission_fixture &fixture, const policy_plan &plan, std::uint64_t payload_bytes = wire::mib) {
  fixture.chain.clear();
  fixture.add_policy("liar", [plan](const auto &) { return plan; });
  return fixture.admit_payload(payload_bytes);
}

void check_misbehaved(const host::verdict &decided, const std::string &fault) {
  REQUIRE_FALSE(passes(decided));
  INFO(refusal(decided).text);
  CHECK(refusal(decided).why == code::internal);
  CHECK(refusal(decided).text.find(fault) != std::string::npos);
  CHECK(refusal(decided).remedy.find("liar") != std::string::npos);
  REQUIRE(decided.misbehaviour.size() == 1);
  CHECK(decided.misbehaviour[0].find("policy=liar log=orders") != std::string::npos);
  CHECK(decided.misbehaviour[0].find(fault) != std::string::npos);
}

} // namespace

TEST_CASE("plan: a lawful split is returned as it is") {
  admission_fixture fixture;
  const host::verdict decided = decide(fixture, policy_plan::split(32 * wire::kib));
  REQUIRE(std::holds_alternative<host::split_plan>(decided.what));
  CHECK(std::get<host::split_plan>(decided.what).fragment_bytes == 32 * wire::kib);
  CHECK(decided.misbehaviour.empty());
}

TEST_CASE("plan: the largest fragment that fits the segment limit, and one byte more") {
  admission_fixture fixture;
  const std::uint64_t largest = 64 * wire::kib - host::message_bytes_of(0);
  CHECK(std::holds_alternative<host::split_plan>(decide(fixture, policy_plan::split(largest)).what));
  check_misbehaved(decide(fixture, policy_plan::split(largest + 1)), "the segment limit is 65536");
}

TEST_CASE("plan: fragments of no bytes, and fragments of 2^64 - 1") {
  admission_fixture fixture;
  check_misbehaved(decide(fixture, policy_plan::split(0)), "fragments of 0 bytes");
  check_misbehaved(decide(fixture, policy_plan::split(UINT64_MAX)), "the segment limit is 65536");
}

TEST_CASE("plan: 65536 fragments are allowed, one more is not") {
  admission_fixture fixture;
  const std::uint64_t most = 1000 * host::fragments_max;
  CHECK(std::holds_alternative<host::split_plan>(decide(fixture, policy_plan::split(1000), most - 1).what));
  CHECK(std::holds_alternative<host::split_plan>(decide(fixture, policy_plan::split(1000), most).what));
  check_misbehaved(decide(fixture, policy_plan::split(1000), most + 1), "65537 fragments");
}

TEST_CASE("plan: the last entry of a split must fit as well") {
  admission_fixture fixture;
  fixture.limits.segment_limit_bytes = wire::kib; // no legal limit is so small that it does not
  const host::record_facts facts{256, 10 * wire::kib, nullptr, 0};
  fixture.add_policy("liar", [](const auto &) { return policy_plan::split(100); });
  check_misbehaved(host::admit(facts, fixture.limits, fixture.chain, {}), "its last entry needs");
}

TEST_CASE("plan: a spill must name a store that is configured") {
  admission_fixture fixture;
  check_misbehaved(decide(fixture, policy_plan::spill("archive")), "the blob store 'archive', which is not configured");
  check_misbehaved(decide(fixture, policy_plan::spill("")), "the blob store ''");
  fixture.snapshot.blob_stores.push_back(
      {sizeof(outsize_blob_store_state), OUTSIZE_BLOB_STORE_READY, "archive", UINT64_MAX});
  const host::verdict decided = decide(fixture, policy_plan::spill("archive"));
  REQUIRE(std::holds_alternative<host::spill_plan>(decided.what));
  CHECK(std::get<host::spill_plan>(decided.what).blob_store == "archive");
}

TEST_CASE("plan: a kind that nobody knows is refused and named") {
  admission_fixture fixture;
  outsize_policy_plan raw{};
  raw.struct_size = sizeof raw;
  raw.kind = 77;
  check_misbehaved(decide(fixture, policy_plan(raw)), "unknown plan kind 77");
}

TEST_CASE("plan: a policy that fails is a refusal and a line that names it") {
  admission_fixture fixture;
  fixture.add_failing_policy("liar", make_error(code::invalid_argument, "I am lost"));
  const host::verdict decided = fixture.admit_message(64 * wire::kib + 1);
  check_misbehaved(decided, "invalid_argument: I am lost");
  CHECK(refusal(decided).policy_trace == std::vector<wire::policy_step>{{"liar", "error", "I am lost"}});
}

TEST_CASE("plan: a policy is shown everything that the host knows") {
  admission_fixture fixture;
  fixture.limits.own_limit_bytes = 32 * wire::kib;
  fixture.header.producer = {"p1", 1, 2, 1};
  fixture.header.has_key = true;
  fixture.header.key = "customer-7";
  fixture.header.headers = {{"kind", "video"}, {"lang", "de"}};
  fixture.snapshot.blob_stores.push_back({sizeof(outsize_blob_store_state), OUTSIZE_BLOB_STORE_FULL, "archive", 12});
  fixture.snapshot.open_sets = 4;
  fixture.snapshot.plans_failed = 2;
  fixture.snapshot.last_failed_plan = OUTSIZE_PLAN_SPILL;
  fixture.snapshot.last_failed_code = OUTSIZE_E_blob_unavailable;
  fixture.snapshot.producer_spilled = {5, 50};
  bool was_asked = false;
  fixture.add_policy("curious", [&](const outsize_policy_input &raw) {
    was_asked = true;
    const policy_input input(raw);
    CHECK(input.log() == "orders");
    CHECK(input.producer() == "p1");
    CHECK(std::string(input.key().begin(), input.key().end()) == "customer-7");
    CHECK(input.header_count() == 2);
    CHECK(input.header("lang")->size() == 2);
    CHECK(input.payload_bytes() == 100'000);
    CHECK(input.entry_bytes() == wire::entry_header_bytes + fixture.header_bytes() + 100'000);
    CHECK(input.entry_bytes_max() == wire::entry_bytes_max(64 * wire::kib));
    CHECK(input.segment_limit_bytes() == 64 * wire::kib);
    CHECK(input.policy_limit_bytes() == 32 * wire::kib);
    CHECK(input.fragment_overhead_bytes() == wire::entry_header_bytes);
    CHECK(input.commit_entry_bytes() >= wire::entry_header_bytes + fixture.header_bytes());
    CHECK(input.reference_entry_bytes() >= wire::entry_header_bytes + fixture.header_bytes());
    CHECK(input.fragments_max() == 65536);
    CHECK(input.blob_store("archive")->state == OUTSIZE_BLOB_STORE_FULL);
    CHECK(input.open_sets() == 4);
    CHECK(input.plans_failed() == 2);
    CHECK(input.last_failed_plan() == OUTSIZE_PLAN_SPILL);
    CHECK(input.last_failed_code() == OUTSIZE_E_blob_unavailable);
    CHECK(input.producer_spilled().hour == 50);
    return policy_plan::decline("seen");
  });
  fixture.admit_payload(100'000);
  CHECK(was_asked);
}
