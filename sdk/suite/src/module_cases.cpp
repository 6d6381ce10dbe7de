#include "cases.hpp"
#include "module_checks.hpp"

#include <outsize/suite/loaded_module.hpp>

namespace outsize::suite {

namespace {

const outsize_module &module_of(const transport_factory &factory) {
  const result<const outsize_module *> module = load_module(factory.module_path);
  if (!module) {
    FAIL(module.error().text);
  }
  return *module.value();
}

const outsize_component &component_of(const transport_factory &factory) {
  const outsize_component *found = find_component(module_of(factory), OUTSIZE_TRANSPORT_KIND, factory.component);
  REQUIRE(found != nullptr);
  return *found;
}

const outsize_transport_api &api_of(const transport_factory &factory) {
  return *static_cast<const outsize_transport_api *>(component_of(factory).api);
}

bool is_filled(const char *text) {
  return text != nullptr && *text != '\0';
}

void entry_idempotent(const transport_factory &factory) {
  CHECK(&module_of(factory) == &module_of(factory));
}

void identity_is_complete(const transport_factory &factory) {
  check_identity(module_of(factory));
}

void required_entries_present(const transport_factory &factory) {
  const outsize_transport_api &api = api_of(factory);
  REQUIRE(api.scheme_count > 0);
  CHECK(is_filled(api.schemes[0]));
  CHECK(OUTSIZE_HAS(&api, create));
  CHECK(OUTSIZE_HAS(&api, listen));
  CHECK(OUTSIZE_HAS(&api, connect));
  CHECK(OUTSIZE_HAS(&api, disconnect));
  CHECK(OUTSIZE_HAS(&api, set_link_limit));
  CHECK(OUTSIZE_HAS(&api, send));
  CHECK(OUTSIZE_HAS(&api, poll));
  CHECK(OUTSIZE_HAS(&api, event_fd));
  CHECK(OUTSIZE_HAS(&api, link_stats));
  CHECK(OUTSIZE_HAS(&api, begin_close));
  CHECK(OUTSIZE_HAS(&api, closed));
  CHECK(OUTSIZE_HAS(&api, destroy));
}

void params_are_declared_well(const transport_factory &factory) {
  check_declaration(component_of(factory));
}

void memory_below_one_message_refused(const transport_factory &factory) {
  const result<param_set> params = param_set::make(component_of(factory), factory.params);
  REQUIRE(params.has_value());
  test_host host;
  transport_handle::options how;
  how.host = host.table();
  how.params = params->values();
  how.message_bytes_max = 1U << 20U;
  how.memory_bytes_max = (1U << 20U) - 1;
  const auto opened = transport_handle::open(&api_of(factory), how);
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().code == code::budget_too_small);
  CHECK(opened.error().actual_bytes == how.memory_bytes_max);
  CHECK(opened.error().limit_bytes == how.message_bytes_max);
}

constexpr suite_case cases[] = {
    {"entry-idempotent", &entry_idempotent},
    {"identity-is-complete", &identity_is_complete},
    {"required-entries-present", &required_entries_present},
    {"params-unique documented and with defaults that parse", &params_are_declared_well},
    {"memory-below-one-message-refused", &memory_below_one_message_refused},
};

} // namespace

std::span<const suite_case> module_cases() {
  return cases;
}

} // namespace outsize::suite
