#include "cases.hpp"

#include <algorithm>
#include <random>

namespace outsize::suite {

namespace {

constexpr std::uint64_t kib = 1U << 10U;

void visible_only_after_finish(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(200 * kib, 1);
  result<blob_upload> upload = rig.store().begin({}, "orders/1/1", some.size());
  REQUIRE(upload.has_value());
  CHECK_FALSE(rig.is_there("orders/1/1"));
  REQUIRE(upload->chunk({}, std::span(some).first(100 * kib)).has_value());
  CHECK_FALSE(rig.is_there("orders/1/1"));
  REQUIRE(upload->chunk({}, std::span(some).subspan(100 * kib)).has_value());
  CHECK_FALSE(rig.is_there("orders/1/1"));
  CHECK(rig.keys().empty());
  REQUIRE((*std::move(upload)).finish({}).has_value());
  CHECK(rig.is_there("orders/1/1"));
  CHECK(rig.read("orders/1/1") == some);
}

void abandon_leaves_nothing(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(200 * kib, 1);
  for (const std::size_t written : {std::size_t{0}, std::size_t{1}, some.size() - 1, some.size()}) {
    CAPTURE(written);
    result<blob_upload> upload = rig.store().begin({}, "orders/1/1", some.size());
    REQUIRE(upload.has_value());
    REQUIRE(upload->chunk({}, std::span(some).first(written)).has_value());
    {
      const blob_upload gone = *std::move(upload);
    }
    CHECK_FALSE(rig.is_there("orders/1/1"));
    CHECK(rig.keys().empty());
  }
  rig.put("orders/1/1", some);
  CHECK(rig.read("orders/1/1") == some);
}

void finish_short_is_refused(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(5000, 1);
  for (const std::size_t missing : {std::size_t{1}, std::size_t{4999}, std::size_t{5000}}) {
    CAPTURE(missing);
    const result<void> done = put_blob(rig.store(), "short", std::span(some).first(5000 - missing), 5000);
    REQUIRE_FALSE(done.has_value());
    check_blob_error(done.error(), code::invalid_argument, "short", rig);
    CHECK(done.error().actual_bytes == 5000 - missing);
    CHECK(done.error().limit_bytes == 5000);
    CHECK_FALSE(rig.is_there("short"));
  }
}

/// What is left of a put after a chunk that had to fail.
void check_over(blob_rig &rig, const std::string &key, blob_upload upload) {
  CHECK_FALSE(upload.chunk({}, blob_bytes{}).has_value());
  CHECK_FALSE(std::move(upload).finish({}).has_value());
  CHECK_FALSE(rig.is_there(key));
}

void chunk_long_is_refused(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(5001, 1);
  for (const std::size_t before : {std::size_t{0}, std::size_t{1}, std::size_t{4999}, std::size_t{5000}}) {
    CAPTURE(before);
    result<blob_upload> upload = rig.store().begin({}, "long", 5000);
    REQUIRE(upload.has_value());
    REQUIRE(upload->chunk({}, std::span(some).first(before)).has_value());
    const result<void> took = upload->chunk({}, std::span(some).subspan(before));
    REQUIRE_FALSE(took.has_value());
    check_blob_error(took.error(), code::invalid_argument, "long", rig);
    CHECK(took.error().actual_bytes == 5001);
    CHECK(took.error().limit_bytes == 5000);
    check_over(rig, "long", *std::move(upload));
  }
}

void empty_blob(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("without-chunks", {});
  result<blob_upload> upload = rig.store().begin({}, "with-an-empty-chunk", 0);
  REQUIRE(upload.has_value());
  CHECK(upload->chunk({}, {}).has_value());
  CHECK((*std::move(upload)).finish({}).has_value());
  for (const std::string key : {"without-chunks", "with-an-empty-chunk"}) {
    CHECK(rig.is_there(key));
    CHECK(rig.store().stat({}, key)->size == 0);
    CHECK(rig.read(key).empty());
  }
  CHECK(put_blob(rig.store(), "one", blob_bytes{1}, 0).error().code == code::invalid_argument);
  CHECK_FALSE(rig.is_there("one"));
}

void content_of_any_size(const blob_store_factory &factory) {
  blob_rig rig(factory);
  std::mt19937_64 random(4129);
  std::uint64_t number = 0;
  for (const std::uint64_t size : {std::uint64_t{1}, 4 * kib - 1, 4 * kib, 4 * kib + 1, 64 * kib, 1024 * kib - 1,
                                   1024 * kib, 1024 * kib + 1, 3 * 1024 * kib + random() % 1000}) {
    CAPTURE(size);
    const blob_bytes some = blob_noise(size, random());
    const std::string key = "sizes/" + std::to_string(++number);
    const std::size_t piece = 1 + random() % (2 * size);
    REQUIRE(put_blob(rig.store(), key, some, size, std::max<std::size_t>(piece, size / 1000)).has_value());
    CHECK(rig.store().stat({}, key)->size == size);
    CHECK((rig.read(key) == some));
  }
}

void chunks_are_not_kept(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(10'000, 1);
  result<blob_upload> upload = rig.store().begin({}, "a", some.size());
  REQUIRE(upload.has_value());
  for (std::size_t from = 0; from < some.size(); from += 1000) {
    blob_bytes mine(some.begin() + static_cast<std::ptrdiff_t>(from),
                    some.begin() + static_cast<std::ptrdiff_t>(from) + 1000);
    REQUIRE(upload->chunk({}, mine).has_value());
    std::fill(mine.begin(), mine.end(), std::uint8_t{0xee});
  }
  REQUIRE((*std::move(upload)).finish({}).has_value());
  CHECK(rig.read("a") == some);
}

void existing_key_is_refused(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("orders/1/1", {1, 2, 3});
  for (const blob_bytes &other : {blob_bytes{1, 2, 3}, blob_bytes{}, blob_noise(10'000, 1)}) {
    const result<void> done = put_blob(rig.store(), "orders/1/1", other, other.size());
    REQUIRE_FALSE(done.has_value());
    check_blob_error(done.error(), code::blob_exists, "orders/1/1", rig);
    CHECK(rig.read("orders/1/1") == blob_bytes{1, 2, 3});
  }
}

void first_finish_wins(const blob_store_factory &factory) {
  blob_rig rig(factory);
  result<blob_upload> first = rig.store().begin({}, "a", 1);
  result<blob_upload> second = rig.store().begin({}, "a", 2);
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  REQUIRE(first->chunk({}, blob_bytes{1}).has_value());
  REQUIRE(second->chunk({}, blob_bytes{2, 2}).has_value());
  CHECK((*std::move(second)).finish({}).has_value());
  const result<void> late = (*std::move(first)).finish({});
  REQUIRE_FALSE(late.has_value());
  check_blob_error(late.error(), code::blob_exists, "a", rig);
  CHECK(rig.read("a") == blob_bytes{2, 2});
}

void removed_key_is_free_again(const blob_store_factory &factory) {
  blob_rig rig(factory);
  for (std::uint8_t round = 0; round < 3; ++round) {
    rig.put("a/b", {round});
    CHECK(rig.read("a/b") == blob_bytes{round});
    REQUIRE(rig.store().remove({}, "a/b").has_value());
    CHECK_FALSE(rig.is_there("a/b"));
  }
}

constexpr blob_case cases[] = {
    {"visible-only-after-finish", &visible_only_after_finish},
    {"abandon-leaves-nothing", &abandon_leaves_nothing},
    {"finish-short-refused", &finish_short_is_refused},
    {"chunk-long-refused, and the put is over", &chunk_long_is_refused},
    {"empty-blob", &empty_blob},
    {"content-of-any-size (pages and MiB, one less, one more)", &content_of_any_size},
    {"chunks-not-kept", &chunks_are_not_kept},
    {"existing-key-refused", &existing_key_is_refused},
    {"first-finish-wins", &first_finish_wins},
    {"removed-key-free-again", &removed_key_is_free_again},
};

} // namespace

std::span<const blob_case> blob_put_cases() {
  return cases;
}

} // namespace outsize::suite
