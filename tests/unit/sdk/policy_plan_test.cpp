#include <outsize/policy_plan.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace outsize;

TEST_CASE("policy plan: each kind says what it was made for") {
  CHECK(policy_plan::decline("not mine").kind() == OUTSIZE_PLAN_DECLINE);
  CHECK(policy_plan::decline("not mine").reason() == "not mine");
  CHECK(policy_plan::reject("too big").kind() == OUTSIZE_PLAN_REJECT);
  CHECK(policy_plan::reject("too big").reason() == "too big");
  CHECK(policy_plan::split(4096).kind() == OUTSIZE_PLAN_SPLIT);
  CHECK(policy_plan::split(4096).fragment_bytes() == 4096);
  CHECK(policy_plan::spill("archive").kind() == OUTSIZE_PLAN_SPILL);
  CHECK(policy_plan::spill("archive").blob_store() == "archive");
  CHECK_FALSE(policy_plan::split(1).warns());
  CHECK(policy_plan::split(1).with_warning().warns());
  CHECK(policy_plan::split(1).with_warning().fragment_bytes() == 1);
}

TEST_CASE("policy plan: a reason that does not fit is cut at the end of a character (one below, at, one above)") {
  constexpr std::size_t room = OUTSIZE_PLAN_REASON_BYTES - 1;
  CHECK(policy_plan::reject(std::string(room - 1, 'x')).reason().size() == room - 1);
  CHECK(policy_plan::reject(std::string(room, 'x')).reason().size() == room);
  CHECK(policy_plan::reject(std::string(room + 1, 'x')).reason().size() == room);
  const std::string euro = "\u20ac"; // three bytes
  CHECK(policy_plan::reject(std::string(room - 3, 'x') + euro).reason().size() == room);
  CHECK(policy_plan::reject(std::string(room - 2, 'x') + euro).reason().size() == room - 2);
  CHECK(policy_plan::reject(std::string(room - 1, 'x') + euro).reason().size() == room - 1);
}

TEST_CASE("policy plan: a sentence is put together from text and numbers") {
  plan_text text;
  text << "payload of " << UINT64_MAX << " bytes, limit " << std::uint64_t{0};
  CHECK(text.view() == "payload of 18446744073709551615 bytes, limit 0");
}

TEST_CASE("policy plan: a name of a blob store that does not fit is cut") {
  CHECK(policy_plan::spill(std::string(100, 's')).blob_store().size() == OUTSIZE_PLAN_STORE_BYTES - 1);
}

TEST_CASE("policy plan: one from a plugin that forgot to end its texts, of a kind nobody knows, can be read") {
  outsize_policy_plan raw{};
  raw.kind = 77;
  std::fill(std::begin(raw.reason), std::end(raw.reason), 'x');
  std::fill(std::begin(raw.blob_store), std::end(raw.blob_store), 'x');
  const policy_plan plan(raw);
  CHECK(plan.kind() == 77);
  CHECK(plan.reason().size() == OUTSIZE_PLAN_REASON_BYTES);
  CHECK(plan.blob_store().size() == OUTSIZE_PLAN_STORE_BYTES);
}
