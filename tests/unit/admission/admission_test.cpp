#include "admission_fixture.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;

TEST_CASE("admission: what fits passes, one byte more is refused (segment limit of n1)") {
  admission_fixture fixture;
  CHECK(passes(fixture.admit_message(64 * wire::kib - 1)));
  CHECK(passes(fixture.admit_message(64 * wire::kib)));
  const host::verdict decided = fixture.admit_message(64 * wire::kib + 1);
  REQUIRE_FALSE(passes(decided));
  const wire::refusal &no = refusal(decided);
  CHECK(no.why == code::too_large);
  CHECK(no.at == wire::stage::admission);
  CHECK(no.actual_bytes == 64 * wire::kib + 1);
  CHECK(no.limit_bytes == 64 * wire::kib);
  CHECK(no.limit_source == "peer n1");
  CHECK(no.log == "orders");
  CHECK(no.record_index == 3);
}

TEST_CASE("admission: the log's own limit counts when it is lower, and is named") {
  admission_fixture fixture;
  fixture.limits.own_limit_bytes = 8 * wire::kib;
  CHECK(passes(fixture.admit_message(8 * wire::kib)));
  const host::verdict decided = fixture.admit_message(8 * wire::kib + 1);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).limit_bytes == 8 * wire::kib);
  CHECK(refusal(decided).limit_source == "log orders");
  CHECK(refusal(decided).remedy.find("message-limit of log orders") != std::string::npos);
}

TEST_CASE("admission: a log's own limit above the segment's changes nothing") {
  admission_fixture fixture;
  fixture.limits.own_limit_bytes = 128 * wire::kib;
  CHECK(passes(fixture.admit_message(64 * wire::kib)));
  CHECK(refusal(fixture.admit_message(64 * wire::kib + 1)).limit_source == "peer n1");
}

TEST_CASE("admission: the refusal names the payload and the largest one that would fit, and that one fits") {
  admission_fixture fixture;
  fixture.header.producer = {"p1", 1, 2, 1};
  fixture.header.headers = {{"kind", "video"}};
  const std::uint64_t fitting = fixture.payload_for(64 * wire::kib);
  const host::verdict decided = fixture.admit_payload(fitting + 100);
  REQUIRE_FALSE(passes(decided));
  const std::string &text = refusal(decided).text;
  INFO(text);
  CHECK(text.find("a payload of " + std::to_string(fitting + 100) + " bytes") != std::string::npos);
  CHECK(text.find("the largest payload that fits with this key and these headers has " + std::to_string(fitting)) !=
        std::string::npos);
  CHECK(refusal(decided).producer == "p1");
  CHECK(passes(fixture.admit_payload(fitting)));
}

TEST_CASE("admission: a length of 2^64 - 1 is a size like any other") {
  admission_fixture fixture;
  const host::verdict decided = fixture.admit_payload(UINT64_MAX);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).why == code::too_large);
  CHECK(refusal(decided).actual_bytes == UINT64_MAX);
}

TEST_CASE("admission: key and headers at a quarter of the limit pass, one byte more is header_too_large") {
  admission_fixture fixture;
  const std::uint64_t quarter = 16 * wire::kib;
  fixture.header.has_key = true;
  fixture.header.key = std::string(quarter / 2, 'k');
  fixture.header.headers = {{"name", "value_"}};
  fixture.header.key.resize(fixture.header.key.size() + quarter - fixture.header_bytes(), 'k');
  CHECK(passes(fixture.admit_payload(1)));
  fixture.header.headers[0].value += "x";
  const host::verdict decided = fixture.admit_payload(1);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).why == code::header_too_large);
  CHECK(refusal(decided).actual_bytes == quarter + 1);
  CHECK(refusal(decided).limit_bytes == quarter);
  CHECK(refusal(decided).limit_source == "a quarter of the limit of peer n1");
}

TEST_CASE("admission: key and headers have their fixed bound when the log takes much more (64 KiB)") {
  admission_fixture fixture;
  fixture.limits.segment_limit_bytes = 32 * wire::mib;
  const host::record_facts at_bound{wire::record_fields_bytes_max, 1, &fixture.header, 0};
  CHECK(passes(host::admit(at_bound, fixture.limits, {}, {})));
  const host::record_facts above{wire::record_fields_bytes_max + 1, 1, &fixture.header, 0};
  const host::verdict decided = host::admit(above, fixture.limits, {}, {});
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).why == code::header_too_large);
  CHECK(refusal(decided).limit_bytes == wire::record_fields_bytes_max);
  CHECK(refusal(decided).limit_source == "host");
}

TEST_CASE("admission: what headers weigh is what they are encoded as, however little is in them") {
  admission_fixture fixture;
  fixture.header.headers.assign(4 * wire::kib, {"n", ""}); // 4 KiB of names, 16 KiB and more as encoded
  REQUIRE(fixture.header_bytes() > 16 * wire::kib);
  const host::verdict decided = fixture.admit_payload(1);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).why == code::header_too_large);
  CHECK(refusal(decided).actual_bytes == fixture.header_bytes());
}

TEST_CASE("admission: at or below the threshold no policy is called") {
  admission_fixture fixture;
  fixture.add_policy("late", [](const auto &) { return policy_plan::reject("no"); }, 16 * wire::kib);
  fixture.add_policy("early", [](const auto &) { return policy_plan::reject("no"); }, 8 * wire::kib);
  CHECK(passes(fixture.admit_message(8 * wire::kib)));
  CHECK(fixture.asked.empty());
  CHECK_FALSE(passes(fixture.admit_message(8 * wire::kib + 1)));
  CHECK(fixture.asked == std::vector<std::string>{"early"});
}

TEST_CASE("admission: each policy is asked above its own threshold only, in the order of the chain") {
  admission_fixture fixture;
  fixture.add_policy("late", [](const auto &) { return policy_plan::decline("not mine"); }, 16 * wire::kib);
  fixture.add_policy("early", [](const auto &) { return policy_plan::decline("nor mine"); }, 8 * wire::kib);
  fixture.add_policy("above everything", [](const auto &) { return policy_plan::decline("?"); }, wire::mib);
  const host::verdict decided = fixture.admit_message(16 * wire::kib + 1);
  CHECK(passes(decided));
  CHECK(fixture.asked == std::vector<std::string>{"late", "early"});
  REQUIRE(decided.trace.size() == 2);
  CHECK(decided.trace[0] == wire::policy_step{"late", "decline", "not mine"});
}

TEST_CASE("admission: if all decline, what does not fit is refused with the whole trace") {
  admission_fixture fixture;
  fixture.add_policy("one", [](const auto &) { return policy_plan::decline("not mine"); });
  fixture.add_policy("two", [](const auto &) { return policy_plan::decline("nor mine"); });
  const host::verdict decided = fixture.admit_message(64 * wire::kib + 1);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).why == code::too_large);
  REQUIRE(refusal(decided).policy_trace.size() == 2);
  CHECK(refusal(decided).policy_trace[1] == wire::policy_step{"two", "decline", "nor mine"});
  CHECK(refusal(decided).remedy ==
        "split or shrink the record, change what a policy declined it for (one: not mine, two: nor mine), or raise "
        "message-limit of node n1");
}

TEST_CASE("admission: a record that is rejected behind policies that declined it is told what they declined it for") {
  admission_fixture fixture;
  fixture.add_policy("small ones", [](const auto &) { return policy_plan::decline("too large for me"); });
  fixture.add_policy("the rest", [](const auto &) { return policy_plan::reject("no"); });
  const host::verdict decided = fixture.admit_message(64 * wire::kib + 1);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).remedy ==
        "split or shrink the record, change what a policy declined it for (small ones: too large for me), or raise "
        "message-limit of node n1");
}

TEST_CASE("admission: a reject ends the chain, even for what would fit") {
  admission_fixture fixture;
  fixture.add_policy("strict", [](const auto &) { return policy_plan::reject("too big for us"); }, 4 * wire::kib);
  fixture.add_policy("never asked", [](const auto &) { return policy_plan::decline(""); }, 4 * wire::kib);
  const host::verdict decided = fixture.admit_message(5 * wire::kib);
  REQUIRE_FALSE(passes(decided));
  CHECK(refusal(decided).why == code::rejected_by_policy);
  CHECK(refusal(decided).text.find("too big for us") != std::string::npos);
  CHECK(refusal(decided).policy_trace.size() == 1);
  CHECK(fixture.asked.size() == 1);
  CHECK(decided.misbehaviour.empty());
}

TEST_CASE("admission: a policy may ask for a warning and let the record go") {
  admission_fixture fixture;
  fixture.add_policy(
      "watcher", [](const auto &) { return policy_plan::decline("large").with_warning(); }, 4 * wire::kib);
  const host::verdict decided = fixture.admit_message(5 * wire::kib);
  CHECK(passes(decided));
  CHECK(decided.warn);
}

TEST_CASE("admission: without a header yet, sizes alone decide") {
  admission_fixture fixture;
  const host::record_facts small{10, 100, nullptr, 0};
  const host::record_facts large{10, 64 * wire::kib, nullptr, 0};
  CHECK(passes(host::admit(small, fixture.limits, {}, {})));
  CHECK(refusal(host::admit(large, fixture.limits, {}, {})).why == code::too_large);
}
