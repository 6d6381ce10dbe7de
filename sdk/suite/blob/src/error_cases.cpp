#include "cases.hpp"

namespace outsize::suite {

namespace {

void missing_is_told(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("orders/1/1", {1});
  blob_bytes into(10, 0xa5);
  for (const std::string key : {"nothing", "orders", "orders/1", "orders/1/1/1", "orders/1/2", "orders/2/1"}) {
    CAPTURE(key);
    const auto got = rig.store().get({}, key, 0, into);
    REQUIRE_FALSE(got.has_value());
    check_blob_error(got.error(), code::blob_missing, key, rig);
    const auto facts = rig.store().stat({}, key);
    REQUIRE_FALSE(facts.has_value());
    check_blob_error(facts.error(), code::blob_missing, key, rig);
    const auto removed = rig.store().remove({}, key);
    REQUIRE_FALSE(removed.has_value());
    check_blob_error(removed.error(), code::blob_missing, key, rig);
  }
  CHECK(into == blob_bytes(10, 0xa5));
  CHECK(rig.keys() == std::vector<std::string>{"orders/1/1"});
}

/// Straight to the plugin: the C++ handle would keep them away from it.
void bad_keys_are_refused(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("a", {1});
  const raw_store raw(rig);
  const outsize_blob_call call = blob_call{}.raw();
  for (const std::string &key :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string(".."), std::string("../a"), std::string("a/../a"), std::string("a/."), std::string("b/../../a"),
        std::string("a b"), std::string("a\\b"), std::string("\xc3\xa4"), std::string("a\n"), std::string("a+b"),
        std::string(OUTSIZE_BLOB_KEY_PART_BYTES_MAX + 1, 'k'), std::string(OUTSIZE_BLOB_KEY_BYTES_MAX / 2, '/')}) {
    CAPTURE(key);
    outsize_error why = empty_abi_error();
    const auto check_refused = [&](std::int32_t answer) {
      CHECK(answer == 0);
      CHECK(why.code == OUTSIZE_E_invalid_argument);
      why = empty_abi_error();
    };
    outsize_blob_put *put = nullptr;
    check_refused(raw.api.begin(raw.self, &call, key.c_str(), 1, &put, &why));
    std::uint8_t byte = 0;
    std::uint64_t got = 0;
    check_refused(raw.api.get(raw.self, &call, key.c_str(), 0, &byte, 1, &got, &why));
    outsize_blob_info info{sizeof info, 0, 0, 0};
    check_refused(raw.api.stat(raw.self, &call, key.c_str(), &info, &why));
    check_refused(raw.api.remove(raw.self, &call, key.c_str(), &why));
  }
  CHECK(rig.keys() == std::vector<std::string>{"a"});
}

/// A call that has to end at once, for one reason or the other.
struct ended_call {
  std::uint32_t raised = 1;
  blob_call call;
  code expected;
};

void check_every_call_ends(const blob_store_factory &factory, const ended_call &ended) {
  blob_rig rig(factory);
  rig.put("a", {1, 2, 3});
  const auto check = [&](const auto &outcome, const std::string &key) {
    REQUIRE_FALSE(outcome.has_value());
    check_blob_error(outcome.error(), ended.expected, key, rig);
  };
  blob_bytes into(3);
  check(rig.store().begin(ended.call, "b", 3), "b");
  check(rig.store().get(ended.call, "a", 0, into), "a");
  check(rig.store().stat(ended.call, "a"), "a");
  check(rig.store().list(ended.call, "", [](const std::string &, const blob_info &) { return true; }), "");
  check(rig.store().remove(ended.call, "a"), "a");
  CHECK(rig.read("a") == blob_bytes{1, 2, 3});

  result<blob_upload> upload = rig.store().begin({}, "b", 3);
  REQUIRE(upload.has_value());
  check(upload->chunk(ended.call, into), "b");
  CHECK_FALSE(upload->chunk({}, into).has_value());
  CHECK_FALSE((*std::move(upload)).finish({}).has_value());
  CHECK_FALSE(rig.is_there("b"));

  upload = rig.store().begin({}, "b", 3);
  REQUIRE(upload.has_value());
  REQUIRE(upload->chunk({}, into).has_value());
  check((*std::move(upload)).finish(ended.call), "b");
  CHECK_FALSE(rig.is_there("b"));
  rig.put("b", {4});
}

void deadline_ends_every_call(const blob_store_factory &factory) {
  ended_call ended;
  ended.call.deadline = time_point{} + std::chrono::nanoseconds(1);
  ended.expected = code::timed_out;
  check_every_call_ends(factory, ended);
}

void cancel_ends_every_call(const blob_store_factory &factory) {
  ended_call ended;
  ended.call.cancel = &ended.raised;
  ended.expected = code::cancelled;
  check_every_call_ends(factory, ended);
}

void list_is_cancelled_on_the_way(const blob_store_factory &factory) {
  blob_rig rig(factory);
  constexpr std::size_t blobs = 30;
  for (std::size_t i = 0; i < blobs; ++i) {
    rig.put("many/" + std::to_string(i), {});
  }
  std::uint32_t raised = 0;
  blob_call call;
  call.cancel = &raised;
  std::size_t told = 0;
  const result<void> listed = rig.store().list(call, "many/", [&](const std::string &, const blob_info &) {
    __atomic_store_n(&raised, 1, __ATOMIC_RELAXED);
    ++told;
    return true;
  });
  REQUIRE_FALSE(listed.has_value());
  check_blob_error(listed.error(), code::cancelled, "many/", rig);
  CHECK(told < blobs);
}

/// Whatever the numbers are, the answer is an answer: nothing is thrown across the line and nothing crashes.
void extremes_are_answered(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("a", {1});
  const raw_store raw(rig);
  outsize_blob_call call = blob_call{}.raw();
  outsize_error why = empty_abi_error();
  for (const std::uint64_t deadline : {OUTSIZE_NEVER, OUTSIZE_NEVER - 1, UINT64_MAX / 2, UINT64_MAX / 2 + 1}) {
    CAPTURE(deadline);
    call.deadline_ns = deadline;
    std::uint64_t got = 1;
    CHECK(raw.api.get(raw.self, &call, "a", 0, nullptr, 0, &got, &why) == 1);
    CHECK(got == 0);
    CHECK(raw.api.get(raw.self, &call, "a", UINT64_MAX, nullptr, 0, &got, &why) == 1);
  }
  for (const std::uint64_t size : {UINT64_MAX, UINT64_MAX - 1, UINT64_MAX / 2 + 1}) {
    CAPTURE(size);
    outsize_blob_put *put = nullptr;
    if (raw.api.begin(raw.self, &call, "huge", size, &put, &why) == 0) {
      CHECK(why.code == OUTSIZE_E_disk_full);
      continue;
    }
    const std::uint8_t byte = 1;
    CHECK(raw.api.chunk(put, &call, &byte, 1, &why) == 1);
    CHECK(raw.api.finish(put, &call, &why) == 0);
  }
  CHECK(rig.keys() == std::vector<std::string>{"a"});
}

void errors_need_no_storage(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const raw_store raw(rig);
  const outsize_blob_call call = blob_call{}.raw();
  struct short_error {
    outsize_error known;
    std::uint64_t tail;
  } why{empty_abi_error(), 0xa5a5a5a5a5a5a5a5U};
  CHECK(raw.api.remove(raw.self, &call, std::string(200, 'm').c_str(), &why.known) == 0);
  CHECK(why.known.struct_size == sizeof(outsize_error));
  CHECK(why.known.retry == static_cast<std::uint8_t>(retry_of(code{why.known.code})));
  CHECK(why.tail == 0xa5a5a5a5a5a5a5a5U);
}

constexpr blob_case cases[] = {
    {"missing-is-told, with key and place", &missing_is_told},
    {"bad-keys-refused by the plugin itself", &bad_keys_are_refused},
    {"deadline-ends-every-call", &deadline_ends_every_call},
    {"cancel-ends-every-call", &cancel_ends_every_call},
    {"list-cancelled-on-the-way", &list_is_cancelled_on_the_way},
    {"extremes-answered, nothing thrown", &extremes_are_answered},
    {"errors-keep-to-their-storage", &errors_need_no_storage},
};

} // namespace

std::span<const blob_case> blob_error_cases() {
  return cases;
}

} // namespace outsize::suite
