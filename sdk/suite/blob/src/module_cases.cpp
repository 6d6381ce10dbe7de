#include "cases.hpp"
#include "module_checks.hpp"

#include <filesystem>

namespace outsize::suite {

namespace {

void entry_is_idempotent(const blob_store_factory &factory) {
  CHECK(&blob_component_of(factory) == &blob_component_of(factory));
}

void identity_is_complete(const blob_store_factory &factory) {
  const result<const outsize_module *> module = load_module(factory.module_path);
  REQUIRE(module.has_value());
  check_identity(**module);
}

void required_entries_are_present(const blob_store_factory &factory) {
  const auto &api = *static_cast<const outsize_blob_store_api *>(blob_component_of(factory).api);
  CHECK(OUTSIZE_HAS(&api, create));
  CHECK(OUTSIZE_HAS(&api, begin));
  CHECK(OUTSIZE_HAS(&api, chunk));
  CHECK(OUTSIZE_HAS(&api, finish));
  CHECK(OUTSIZE_HAS(&api, abandon));
  CHECK(OUTSIZE_HAS(&api, get));
  CHECK(OUTSIZE_HAS(&api, stat));
  CHECK(OUTSIZE_HAS(&api, list));
  CHECK(OUTSIZE_HAS(&api, remove));
  CHECK(OUTSIZE_HAS(&api, destroy));
}

void params_are_declared_well(const blob_store_factory &factory) {
  check_declaration(blob_component_of(factory));
}

void bad_params_are_refused(const blob_store_factory &factory) {
  const outsize_component &component = blob_component_of(factory);
  for (const auto &[name, value] : factory.bad_params) {
    INFO(name << " = " << value);
    const blob_place place = factory.fresh_place();
    auto given = place.params;
    given.emplace_back(name, value);
    const result<param_set> params = param_set::make(component, given);
    if (!params) {
      continue; // refused by its declaration already
    }
    test_host host;
    const auto made = blob_store_handle::open(static_cast<const outsize_blob_store_api *>(component.api),
                                              {host.table(), params->values()});
    REQUIRE_FALSE(made.has_value());
    CHECK_FALSE(made.error().text.empty());
  }
}

/// Of this process: descriptors, threads.
std::ptrdiff_t count_in(const char *folder) {
  return std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator());
}

void use_once(blob_rig &rig) {
  const blob_bytes some = blob_noise(100'000, 1);
  rig.put("a/b", some);
  CHECK(rig.read("a/b") == some);
  CHECK_FALSE(put_blob(rig.store(), "a/b", some, some.size()).has_value());
  CHECK_FALSE(put_blob(rig.store(), "short", some, some.size() + 1).has_value());
  CHECK_FALSE(put_blob(rig.store(), "long", some, some.size() - 1).has_value());
  CHECK_FALSE(rig.is_there("c"));
  {
    const auto abandoned = rig.store().begin({}, "d", 1);
    CHECK(abandoned.has_value());
  }
  CHECK(rig.store().list({}, "", [](const std::string &, const blob_info &) { return false; }).has_value());
  CHECK(rig.store().remove({}, "a/b").has_value());
}

void nothing_is_left_open(const blob_store_factory &factory) {
  blob_rig rig(factory);
  use_once(rig); // what a store keeps for good it has by now
  const std::ptrdiff_t descriptors = count_in("/proc/self/fd");
  for (int i = 0; i < 10; ++i) {
    use_once(rig);
  }
  CHECK(count_in("/proc/self/fd") == descriptors);
}

void destroy_leaves_nothing(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.close();
  const std::ptrdiff_t descriptors = count_in("/proc/self/fd");
  const std::ptrdiff_t threads = count_in("/proc/self/task");
  for (int i = 0; i < 10; ++i) {
    rig.open();
    use_once(rig);
    rig.close();
  }
  CHECK(count_in("/proc/self/fd") == descriptors);
  CHECK(count_in("/proc/self/task") == threads);
}

void destroying_one_instance_keeps_the_other(const blob_store_factory &factory) {
  blob_rig rig(factory);
  rig.put("kept", {1, 2, 3});
  for (int i = 0; i < 10; ++i) {
    rig.open_another().reset();
    CHECK(rig.read("kept") == blob_bytes{1, 2, 3});
  }
}

constexpr blob_case cases[] = {
    {"entry-idempotent", &entry_is_idempotent},
    {"identity-is-complete", &identity_is_complete},
    {"required-entries-present", &required_entries_are_present},
    {"params-unique documented and with defaults that parse", &params_are_declared_well},
    {"bad-params-refused", &bad_params_are_refused},
    {"nothing-left-open after puts, gets and failures", &nothing_is_left_open},
    {"destroy-leaves-nothing", &destroy_leaves_nothing},
    {"destroy-one-keeps-other", &destroying_one_instance_keeps_the_other},
};

} // namespace

std::span<const blob_case> blob_module_cases() {
  return cases;
}

} // namespace outsize::suite
