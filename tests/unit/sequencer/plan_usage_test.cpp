#include "host/sequencer/plan_usage.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::host;
using namespace std::chrono_literals;

namespace {

policy_snapshot seen(const plan_usage &usage, const std::string &producer, time_point now) {
  policy_snapshot made;
  usage.describe(producer, now, made);
  return made;
}

} // namespace

TEST_CASE("plan usage: what was split and spilled counts for a minute and for an hour") {
  plan_usage usage;
  const time_point start{1000h};
  usage.add(wire::stored_as::split, "p", 100, start);
  usage.add(wire::stored_as::split, "p", 10, start + 59s);
  usage.add(wire::stored_as::spilled, "p", 7, start);
  CHECK(seen(usage, "p", start + 59s).log_split.minute == 110);
  CHECK(seen(usage, "p", start + 60s).log_split.minute == 10);
  CHECK(seen(usage, "p", start + 119s).log_split.minute == 0);
  CHECK(seen(usage, "p", start + 119s).log_split.hour == 110);
  CHECK(seen(usage, "p", start + 59min).log_split.hour == 110);
  CHECK(seen(usage, "p", start + 60min).log_split.hour == 0);
  CHECK(seen(usage, "p", start + 1s).log_spilled.minute == 7);
}

TEST_CASE("plan usage: each producer has its own sums, those without a name one together") {
  plan_usage usage;
  const time_point now{1000h};
  usage.add(wire::stored_as::split, "p", 1, now);
  usage.add(wire::stored_as::split, "q", 2, now);
  usage.add(wire::stored_as::split, "", 4, now);
  usage.add(wire::stored_as::split, "", 8, now);
  CHECK(seen(usage, "p", now).producer_split.hour == 1);
  CHECK(seen(usage, "q", now).producer_split.hour == 2);
  CHECK(seen(usage, "", now).producer_split.hour == 12);
  CHECK(seen(usage, "r", now).producer_split.hour == 0);
  CHECK(seen(usage, "r", now).log_split.hour == 15);
}

TEST_CASE("plan usage: many producers are forgotten when they had nothing for an hour, and no others") {
  plan_usage usage;
  const time_point now{1000h};
  for (int i = 0; i < 5000; ++i) {
    usage.add(wire::stored_as::split, "p" + std::to_string(i), 1, now);
  }
  CHECK(seen(usage, "p0", now).producer_split.hour == 1);
  usage.add(wire::stored_as::split, "later", 1, now + 61min);
  CHECK(seen(usage, "later", now + 61min).producer_split.hour == 1);
  CHECK(seen(usage, "later", now + 61min).log_split.hour == 1);
}
