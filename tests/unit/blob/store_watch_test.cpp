#include "host/blob/store_watch.hpp"
#include "unit/blob/support/service_rig.hpp"

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

constexpr time_point start{1000s};

/// A store called "archive", looked at every 5 s, with 10 s for a look and one of slack.
class watched {
public:
  watched() : watch("archive", {5s, 10s}) {}

  void expect() { watch.expect(expectation_of("archive"), now); }
  void look(const result<store_look> &found) {
    REQUIRE(watch.wants_look(now));
    watch.on_look_begun(now);
    watch.on_looked(found, now);
  }
  /// The next regular look.
  void look_later(const result<store_look> &found) {
    now = watch.next_time();
    watch.on_time(now);
    look(found);
  }
  [[nodiscard]] bool is_refused_as(code why, const std::string &text) const {
    const std::optional<error> refused = watch.refusal();
    return refused && refused->code == why && refused->text.find(text) != std::string::npos;
  }

  time_point now = start;
  store_watch watch;
};

store_look right_one(std::optional<std::uint64_t> free_bytes = 1000) {
  return {marker_of("archive"), free_bytes};
}

} // namespace

TEST_CASE("store watch: unknown until it was looked at and the metadata was heard, in either order") {
  const bool look_first = GENERATE(false, true);
  watched it;
  CHECK(it.watch.standing() == store_standing::unknown);
  CHECK(it.is_refused_as(code::blob_unavailable, "blob store \"archive\": it has not been looked at yet"));
  if (look_first) {
    it.look(right_one());
    CHECK(it.is_refused_as(code::blob_unavailable, "has not heard from the metadata node yet"));
    it.expect();
  } else {
    it.expect();
    CHECK(it.is_refused_as(code::blob_unavailable, "not been looked at"));
    it.look(right_one());
  }
  CHECK(it.watch.standing() == store_standing::ready);
  CHECK(it.watch.reason().empty());
  CHECK_FALSE(it.watch.refusal().has_value());
  CHECK(it.watch.free_bytes() == 1000U);
}

TEST_CASE("store watch: another marker than the metadata knows, or none, is refused, and the right one taken again") {
  watched it;
  it.expect();
  it.look(store_look{std::nullopt, 1000});
  CHECK(it.watch.standing() == store_standing::foreign);
  CHECK(it.is_refused_as(code::blob_unavailable, "it has no marker, and the metadata knows 1111"));
  CHECK_FALSE(it.watch.lacks_marker());

  blob_marker other = marker_of("archive");
  other.id = "ffff";
  it.look_later(store_look{other, 1000});
  CHECK(it.watch.standing() == store_standing::foreign);
  CHECK(it.is_refused_as(code::blob_unavailable, "its marker is ffff, the metadata knows 1111"));
  CHECK(it.watch.refusal()->remedy.find("correct where [[blob-store]] archive points") == 0);

  it.look_later(right_one());
  CHECK(it.watch.standing() == store_standing::ready);
}

TEST_CASE("store watch: a marker that somebody else makes is looked for before it is missed") {
  const bool is_looking = GENERATE(false, true);
  watched it;
  it.watch.expect({.is_known = true, .cluster = expectation_of("archive").cluster, .id = std::nullopt}, it.now);
  it.watch.on_look_begun(it.now);
  if (is_looking) {
    it.expect();
  }
  it.watch.on_looked(store_look{std::nullopt, 1000}, it.now); // it was not there yet
  it.expect();
  CHECK(it.watch.standing() == store_standing::unknown);
  it.look(right_one()); // at once
  CHECK(it.watch.standing() == store_standing::ready);
  it.look_later(store_look{std::nullopt, 1000});
  CHECK(it.watch.standing() == store_standing::foreign);
}

TEST_CASE("store watch: another cluster's marker and another store's are refused, whatever the metadata knows") {
  const bool is_recorded = GENERATE(false, true);
  watched it;
  marker_expectation expected = expectation_of("archive");
  expected.id = is_recorded ? expected.id : std::nullopt;
  it.watch.expect(expected, it.now);
  blob_marker found = marker_of("archive");
  found.cluster = to_hex(wire::cluster_id{9});
  it.look(store_look{found, 1000});
  CHECK(it.watch.standing() == store_standing::foreign);
  CHECK(it.is_refused_as(code::blob_unavailable, "is of another cluster"));
  it.look_later(store_look{marker_of("other"), 1000});
  CHECK(it.watch.standing() == store_standing::foreign);
  CHECK(it.is_refused_as(code::blob_unavailable, "is of the blob store \"other\""));
}

TEST_CASE("store watch: a marker that cannot be read is a foreign store's") {
  watched it;
  it.expect();
  it.look(right_one());
  it.look_later(make_error(code::blob_corrupt, "its marker cannot be read: x"));
  CHECK(it.watch.standing() == store_standing::foreign);
  CHECK(it.is_refused_as(code::blob_unavailable, "its marker cannot be read: x"));
}

TEST_CASE("store watch: a marker may be made where there is none and the metadata knows none") {
  watched it;
  it.watch.expect({true, wire::cluster_id{7}, std::nullopt}, it.now);
  CHECK_FALSE(it.watch.lacks_marker());
  it.look(store_look{std::nullopt, 1000});
  CHECK(it.watch.lacks_marker());
  CHECK(it.watch.standing() == store_standing::unknown);
  it.watch.look_now();
  CHECK_FALSE(it.watch.lacks_marker()); // until it is known what came of it
  it.look(right_one());
  CHECK_FALSE(it.watch.lacks_marker());
  CHECK(it.is_refused_as(code::blob_unavailable, "its marker is not in the metadata yet"));
  it.expect();
  CHECK(it.watch.standing() == store_standing::ready);
}

TEST_CASE("store watch: a store that fails is unavailable, may be tried if it was the right one, and comes back") {
  watched it;
  it.expect();
  it.look(make_error(code::blob_unavailable, "no route"));
  CHECK(it.watch.standing() == store_standing::unavailable);
  CHECK(it.is_refused_as(code::blob_unavailable, "blob_unavailable: no route"));
  it.look_later(right_one());
  CHECK(it.watch.standing() == store_standing::ready);
  it.look_later(make_error(code::blob_denied, "mode 000"));
  CHECK(it.watch.standing() == store_standing::unavailable);
  CHECK(it.watch.reason() == "blob_denied: mode 000");
  CHECK_FALSE(it.watch.refusal().has_value());
  it.look_later(right_one());
  CHECK(it.watch.standing() == store_standing::ready);
}

TEST_CASE("store watch: a look that takes too long counts as one that failed (one below, exactly at)") {
  watched it;
  it.expect();
  it.look(right_one());
  it.now = it.watch.next_time();
  CHECK(it.now == start + 5s);
  it.watch.on_look_begun(it.now);
  CHECK(it.watch.next_time() == it.now + 11s);
  it.watch.on_time(it.now + 11s - 1ns);
  CHECK(it.watch.standing() == store_standing::ready);
  it.watch.on_time(it.now + 11s);
  CHECK(it.watch.standing() == store_standing::unavailable);
  CHECK(it.watch.reason() == "it does not answer");
  CHECK(it.watch.next_time() == never);
  it.watch.on_looked(right_one(), it.now + 60s);
  CHECK(it.watch.standing() == store_standing::ready);
}

TEST_CASE("store watch: without a free byte it is full, with one it is ready") {
  watched it;
  it.expect();
  it.look(right_one(0));
  CHECK(it.watch.standing() == store_standing::full);
  CHECK_FALSE(it.watch.refusal().has_value()); // what is in it can be read
  it.look_later(right_one(1));
  CHECK(it.watch.standing() == store_standing::ready);
}

TEST_CASE("store watch: a blob refused for want of room makes it full until the next look says what is free") {
  watched it;
  it.expect();
  it.look(right_one());
  it.watch.on_disk_full(it.now);
  CHECK(it.watch.standing() == store_standing::full);
  it.look(right_one(500));
  CHECK(it.watch.standing() == store_standing::ready);
  CHECK(it.watch.free_bytes() == 500U);
}

TEST_CASE("store watch: a store that cannot say what is free is tried again after a while") {
  watched it;
  it.expect();
  it.look(right_one(std::nullopt));
  CHECK(it.watch.standing() == store_standing::ready);
  it.watch.on_disk_full(it.now);
  it.look(right_one(std::nullopt));
  CHECK(it.watch.standing() == store_standing::full);
  it.watch.on_time(start + 5s - 1ns);
  CHECK(it.watch.standing() == store_standing::full);
  it.watch.on_time(start + 5s);
  CHECK(it.watch.standing() == store_standing::ready);
}
