#include "cases.hpp"

#include <algorithm>
#include <chrono>

namespace outsize::suite {

namespace {

constexpr std::uint64_t size = 10'000;
constexpr std::size_t guard_bytes = 64;

/// get into room that is followed by a guard, checked.
blob_bytes range(blob_rig &rig, std::uint64_t from, std::size_t room) {
  blob_bytes into(room + guard_bytes, 0xa5);
  const result<std::uint64_t> got = rig.store().get({}, "a", from, std::span(into).first(room));
  REQUIRE(got.has_value());
  REQUIRE(*got <= room);
  CHECK(std::all_of(into.begin() + static_cast<std::ptrdiff_t>(*got), into.end(),
                    [](std::uint8_t byte) { return byte == 0xa5; }));
  into.resize(*got);
  return into;
}

void ranges_at_the_edges(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(size, 7);
  rig.put("a", some);
  for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4095}, std::uint64_t{4096},
                                   size - 1, size, size + 1, 2 * size}) {
    for (const std::size_t room : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{size - 1},
                                   std::size_t{size}, std::size_t{size + 1}}) {
      CAPTURE(from, room);
      const std::uint64_t left = from < size ? size - from : 0;
      const std::uint64_t count = std::min<std::uint64_t>(left, room);
      const auto begin = some.begin() + static_cast<std::ptrdiff_t>(std::min(from, size));
      CHECK(range(rig, from, room) == blob_bytes(begin, begin + static_cast<std::ptrdiff_t>(count)));
    }
  }
}

void ranges_behind_any_end(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("a", blob_noise(size, 7));
  for (const std::uint64_t from :
       {UINT64_C(1) << 32U, (UINT64_C(1) << 63U) - 1, UINT64_C(1) << 63U, UINT64_MAX - 1, UINT64_MAX}) {
    CAPTURE(from);
    CHECK(range(rig, from, 100).empty());
  }
}

void stat_tells_size_and_time(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("a", blob_noise(size, 7));
  const result<blob_info> facts = rig.store().stat({}, "a");
  REQUIRE(facts.has_value());
  CHECK(facts->size == size);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto age = now - std::chrono::seconds(facts->modified_unix_s);
  CHECK(std::chrono::abs(age) < std::chrono::hours(24)); // a clock of its own, but not of another century
}

void older_and_newer_hosts(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("a", blob_noise(size, 7));
  const raw_store raw(rig);
  struct info_and_tail {
    outsize_blob_info info;
    std::uint64_t tail;
  };
  const outsize_blob_call call = blob_call{}.raw();
  outsize_error why = empty_abi_error();
  for (const std::uint32_t known : {std::uint32_t{offsetof(outsize_blob_info, modified_unix_s)},
                                    std::uint32_t{sizeof(outsize_blob_info)}, std::uint32_t{sizeof(info_and_tail)}}) {
    CAPTURE(known);
    constexpr std::uint64_t untouched = 0xa5a5a5a5a5a5a5a5U;
    info_and_tail into{{known, 0, 0, untouched}, untouched};
    REQUIRE(raw.api.stat(raw.self, &call, "a", &into.info, &why) == 1);
    CHECK(into.info.struct_size == known);
    CHECK(into.info.size == size);
    CHECK(into.tail == untouched);
    CHECK((into.info.modified_unix_s == untouched) == (known < sizeof(outsize_blob_info)));
  }
}

void removal_takes_one_away(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const std::vector<std::string> all = {"orders/1", "orders/1/1", "orders/10", "orders/2"};
  for (const std::string &key : all) {
    rig.put(key, {1});
  }
  REQUIRE(rig.store().remove({}, "orders/1").has_value());
  CHECK_FALSE(rig.is_there("orders/1"));
  CHECK(rig.keys() == std::vector<std::string>{"orders/1/1", "orders/10", "orders/2"});
  check_blob_error(rig.store().remove({}, "orders/1").error(), code::blob_missing, "orders/1", rig);
  check_blob_error(rig.store().remove({}, "orders").error(), code::blob_missing, "orders", rig);
  CHECK(rig.keys("orders/1") == std::vector<std::string>{"orders/1/1", "orders/10"});
}

void free_bytes_hold(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const std::optional<std::uint64_t> free = rig.store().free_bytes();
  if (!free) {
    WARN("not tried: this store cannot tell how much is free");
    return;
  }
  REQUIRE(*free < UINT64_MAX / 2);
  for (const std::uint64_t announced : {2 * *free + 1, UINT64_MAX}) { // others may be making room meanwhile
    CAPTURE(announced);
    const auto refused = rig.store().begin({}, "large", announced);
    REQUIRE_FALSE(refused.has_value());
    check_blob_error(refused.error(), code::disk_full, "large", rig);
  }
  CHECK_FALSE(rig.is_there("large"));
  rig.put("small", {1});
}

constexpr blob_case cases[] = {
    {"ranges-at-edges, and nothing written behind them", &ranges_at_the_edges},
    {"ranges-behind-any-end (up to 2^64-1)", &ranges_behind_any_end},
    {"stat-tells-size-and-time", &stat_tells_size_and_time},
    {"older-and-newer-hosts-tolerated", &older_and_newer_hosts},
    {"remove-takes-one-away", &removal_takes_one_away},
    {"free-bytes-hold", &free_bytes_hold},
};

} // namespace

std::span<const blob_case> blob_read_cases() {
  return cases;
}

} // namespace outsize::suite
