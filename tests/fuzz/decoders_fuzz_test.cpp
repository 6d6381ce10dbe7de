#include "fuzz/decoder_targets.hpp"
#include "fuzz/memory_meter.hpp"
#include "fuzz/mutator.hpp"
#include "unit/wire/support/vectors.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::fuzz;

namespace {

/// Of each target: a few seconds in all.
constexpr int rounds = 20'000;
constexpr std::uint64_t seed = 4129;

std::vector<buffer> all_seeds() {
  std::vector<buffer> made;
  for (const decoder_target &target : decoder_targets()) {
    made.push_back(target.seed);
  }
  return made;
}

/// Calls `check` with mutations of the seed, and of what was read before: so that changes add up.
template <class Check> void for_mutations(const decoder_target &target, Check &&check) {
  mutator random(seed, all_seeds());
  std::vector<buffer> pool{target.seed};
  for (int round = 0; round < rounds; ++round) {
    const buffer bytes = random.mutate(pool[random.below(pool.size())]);
    if (!check(round, bytes)) {
      return;
    }
    if (pool.size() < 64 && target.decode(bytes)) {
      pool.push_back(bytes);
    }
  }
}

} // namespace

TEST_CASE("fuzz: every decoder reads its vector and what it reads of mutations comes back the same") {
  for (const decoder_target &target : decoder_targets()) {
    INFO(target.name);
    REQUIRE(target.decode(target.seed));
    REQUIRE(target.round_trip(target.seed) == "");
    std::uint64_t read = 0;
    for_mutations(target, [&](int round, const buffer &bytes) {
      read += target.decode(bytes) ? 1 : 0;
      const std::string wrong = target.round_trip(bytes);
      if (!wrong.empty()) {
        FAIL_CHECK("round " << round << ": " << wrong << ": " << wire::test::to_hex(bytes.text()));
      }
      return wrong.empty();
    });
    // An entry header is protected by its checksum: only the seed itself is ever read.
    CHECK((read > 0 || target.name == "entry_header"));
  }
}

TEST_CASE("fuzz: no decoder allocates more than its limits allow, whatever the bytes declare") {
  for (const decoder_target &target : decoder_targets()) {
    INFO(target.name);
    std::uint64_t highest = 0;
    for_mutations(target, [&](int round, const buffer &bytes) {
      std::uint64_t taken = 0;
      {
        const memory_meter meter;
        (void)target.decode(bytes);
        taken = meter.highest_bytes();
      }
      highest = std::max(highest, taken);
      const std::uint64_t most = target.memory_bytes_max(bytes.size());
      if (taken > most) {
        FAIL_CHECK("round " << round << ": " << taken << " bytes, allowed are " << most << ": "
                            << wire::test::to_hex(bytes.text()));
      }
      return taken <= most;
    });
    CHECK((highest > 0) == memory_meter::measures());
  }
}
