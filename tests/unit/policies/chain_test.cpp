// The policies in a chain, asked by the host: it takes every plan of theirs, and each record ends where it should.
#include <policies/spill/spill_policy.hpp>
#include <policies/split/split_policy.hpp>

#include "unit/admission/admission_fixture.hpp"

#include "host/admission/plan_check.hpp"

#include <outsize/policy_input.hpp>

#include <catch2/catch.hpp>

#include <memory>

using namespace outsize;
using namespace outsize::policies;
using namespace outsize::test;

namespace {

using outsize::wire::kib;
using outsize::wire::mib;

void add(admission_fixture &to, const std::string &name, std::shared_ptr<const size_policy> policy) {
  to.add_policy(name, [policy](const outsize_policy_input &input) { return policy->decide(policy_input(input)); });
}

std::shared_ptr<const size_policy> splitting(std::uint64_t fragment_bytes, std::uint64_t payload_bytes_max) {
  return std::make_shared<split_policy>(split_policy::settings{fragment_bytes, payload_bytes_max, {}});
}

std::shared_ptr<const size_policy> spilling(std::uint64_t payload_bytes_max) {
  return std::make_shared<spill_policy>(spill_policy::settings{"archive", payload_bytes_max, 1, {}});
}

void set_store(admission_fixture &at, std::uint32_t state, std::uint64_t free_bytes) {
  at.snapshot.blob_stores = {{sizeof(outsize_blob_store_state), state, "archive", free_bytes}};
}

/// Split up to 1 MiB, spill up to 8 MiB, the rest is refused.
void make_chain(admission_fixture &at) {
  add(at, "small", splitting(16 * kib, mib));
  add(at, "archive", spilling(8 * mib));
  set_store(at, OUTSIZE_BLOB_STORE_READY, 64 * mib);
}

std::string end_of(const host::verdict &decided) {
  INFO(decided.misbehaviour.size());
  CHECK(decided.misbehaviour.empty());
  return std::holds_alternative<host::pass>(decided.what)         ? "inline"
         : std::holds_alternative<host::split_plan>(decided.what) ? "split"
         : std::holds_alternative<host::spill_plan>(decided.what) ? "spilled"
                                                                  : "refused";
}

} // namespace

TEST_CASE("policies: split fills the message to the last byte, at the smallest legal limit and above") {
  for (const std::uint64_t limit : {4 * kib, 4 * kib + 1, 64 * kib, mib, 32 * mib}) {
    CAPTURE(limit);
    admission_fixture use;
    use.limits.segment_limit_bytes = limit;
    add(use, "split", splitting(wire::message_limit_bytes_max, 0));
    const std::uint64_t largest = limit - host::message_bytes_of(0);
    const host::verdict decided = use.admit_payload(use.payload_for(limit) + 1);
    REQUIRE(end_of(decided) == "split");
    CHECK(std::get<host::split_plan>(decided.what).fragment_bytes == largest);
    CHECK(decided.trace.front().reason.find("fragments of " + std::to_string(largest)) == 0);
    CHECK(end_of(use.admit_payload(host::fragments_max * largest)) == "split");
    CHECK(end_of(use.admit_payload(host::fragments_max * largest + 1)) == "refused");
  }
}

TEST_CASE("policies: a log's own message limit holds for its fragments") {
  admission_fixture use;
  use.limits.own_limit_bytes = 8 * kib;
  add(use, "split", splitting(mib, 0));
  const host::verdict decided = use.admit_payload(100 * kib);
  REQUIRE(end_of(decided) == "split");
  CHECK(host::message_bytes_of(std::get<host::split_plan>(decided.what).fragment_bytes) == 8 * kib);
}

TEST_CASE("policies: key and headers at their bound are no hindrance, at the smallest legal limit either") {
  admission_fixture use;
  use.limits.segment_limit_bytes = 4 * kib;
  use.header.has_key = true;
  use.header.key = std::string(kib - 5, 'k');
  REQUIRE(use.header_bytes() == kib); // a quarter of the limit
  make_chain(use);
  CHECK(end_of(use.admit_payload(use.payload_for(4 * kib))) == "inline");
  CHECK(end_of(use.admit_payload(use.payload_for(4 * kib) + 1)) == "split");
  CHECK(end_of(use.admit_payload(2 * mib)) == "spilled");
  CHECK(end_of(use.admit_payload(0)) == "inline");
  use.header.key += 'k';
  CHECK(end_of(use.admit_payload(0)) == "refused");
}

TEST_CASE("policies: split up to a size, spill above, the rest is refused with the whole trace") {
  admission_fixture use;
  make_chain(use);
  CHECK(end_of(use.admit_message(64 * kib)) == "inline");
  CHECK(end_of(use.admit_message(64 * kib + 1)) == "split");
  CHECK(end_of(use.admit_payload(mib)) == "split");
  CHECK(end_of(use.admit_payload(mib + 1)) == "spilled");
  CHECK(end_of(use.admit_payload(8 * mib)) == "spilled");
  const host::verdict refused = use.admit_payload(8 * mib + 1);
  REQUIRE(end_of(refused) == "refused");
  CHECK(refusal(refused).policy_trace ==
        std::vector<wire::policy_step>{
            {"small", "decline", "payload of 8388609 bytes is over max-record-size = 1048576"},
            {"archive", "decline", "payload of 8388609 bytes is over max-record-size = 8388608"}});
}

TEST_CASE("policies: a store that takes nothing, or a spill that failed before, leaves the record to the next policy") {
  admission_fixture use;
  add(use, "archive", spilling(0));
  add(use, "small", splitting(16 * kib, 0));
  for (const std::uint32_t state :
       {OUTSIZE_BLOB_STORE_UNAVAILABLE, OUTSIZE_BLOB_STORE_FULL, OUTSIZE_BLOB_STORE_FOREIGN}) {
    set_store(use, state, UINT64_MAX);
    CHECK(end_of(use.admit_payload(mib)) == "split");
  }
  set_store(use, OUTSIZE_BLOB_STORE_READY, mib - 1);
  CHECK(end_of(use.admit_payload(mib)) == "split");
  set_store(use, OUTSIZE_BLOB_STORE_READY, mib);
  CHECK(end_of(use.admit_payload(mib)) == "spilled");
  use.snapshot.plans_failed = 1;
  use.snapshot.last_failed_plan = OUTSIZE_PLAN_SPILL;
  use.snapshot.last_failed_code = OUTSIZE_E_disk_full;
  CHECK(end_of(use.admit_payload(mib)) == "split");
}
