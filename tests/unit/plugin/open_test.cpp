#include "plugin_folder.hpp"

#include <host/plugin/host_table.hpp>
#include <host/plugin/open.hpp>
#include <host/plugin/registry.hpp>

#include <outsize/blob_store.hpp>
#include <outsize/size_policy.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace outsize;
using namespace outsize::host;

namespace {

host_table &table() {
  static host_table made({.log = [](std::uint32_t, std::string_view, std::string_view) {},
                          .now = [] { return time_point{}; },
                          .random = [] { return std::uint64_t{4}; }});
  return made;
}

/// A policy that refuses to be made, or throws, as its parameter says.
class moody : public size_policy {
public:
  static std::span<const outsize_param> params() {
    static constexpr std::array table = {
        param::row(OUTSIZE_PARAM_CHOICE, "mood", "good", "How it feels.", 0, 0, "good|bad|terrible")};
    return table;
  }
  static result<std::unique_ptr<size_policy>> create(const size_policy_setup &setup) {
    if (setup.params.text("mood") == "bad") {
      return make_error(code::bad_config, "not today");
    }
    if (setup.params.text("mood") == "terrible") {
      throw std::runtime_error("leave me alone");
    }
    return std::unique_ptr<size_policy>(std::make_unique<moody>());
  }
  [[nodiscard]] policy_plan decide(const policy_input &input) const override {
    if (input.payload_bytes() == 13) {
      throw std::runtime_error("thirteen");
    }
    return policy_plan::spill("archive").with_warning();
  }
};

const outsize_module *moody_module() {
  static const outsize_component component = size_policy_component<moody>("moody", "has moods");
  static const outsize_module module = {sizeof(outsize_module),
                                        OUTSIZE_ABI_MAJOR,
                                        OUTSIZE_MODULE_MAGIC,
                                        0,
                                        0,
                                        "org.example.moody",
                                        "moody",
                                        "Example",
                                        "1.0.0",
                                        "Apache-2.0",
                                        "",
                                        1,
                                        sizeof component,
                                        &component};
  return &module;
}

result<std::unique_ptr<size_policy_handle>> open_moody(const std::string &mood) {
  registry modules({});
  REQUIRE(modules.add_built_in(moody_module(), "built in").has_value());
  const component_info &component = **modules.find(OUTSIZE_SIZE_POLICY_KIND, "moody");
  const std::vector<written_param> written = {{"mood", mood, ""}};
  const auto params = check_params(component, {written, "/", ""});
  REQUIRE(params.has_value());
  return make_size_policy(component, *params, table().table());
}

} // namespace

TEST_CASE("open: a policy is made from a file and asked") {
  registry modules({});
  const auto component = modules.find(OUTSIZE_SIZE_POLICY_KIND, REJECT_PLUGIN);
  if (!component) {
    FAIL(component.error().text);
  }
  const std::vector<written_param> written = {{"limit", std::string("1KiB"), ""}};
  const auto params = check_params(**component, {written, "/", ""});
  const auto policy = make_size_policy(**component, *params, table().table());
  REQUIRE(policy.has_value());
  outsize_policy_input input{};
  input.struct_size = sizeof input;
  input.entry_bytes_max = input.policy_limit_bytes = 4096;
  input.payload_bytes = input.entry_bytes = 1024;
  CHECK((*policy)->decide(input)->kind() == OUTSIZE_PLAN_DECLINE);
  input.payload_bytes = 1025;
  CHECK((*policy)->decide(input)->kind() == OUTSIZE_PLAN_REJECT);
  CHECK((*policy)->decide(input)->reason() == "payload of 1025 bytes is over the policy's limit of 1024 bytes");
}

TEST_CASE("open: what a plugin's create answers carries the component's name, an exception becomes internal") {
  CHECK(open_moody("good").has_value());
  CHECK(open_moody("bad").error().text == "size policy \"moody\": not today");
  CHECK(open_moody("bad").error().code == code::bad_config);
  CHECK(open_moody("terrible").error().text == "size policy \"moody\": exception in plugin: leave me alone");
  CHECK(open_moody("terrible").error().code == code::internal);
}

TEST_CASE("open: plans cross the line whole, an exception in decide becomes an error") {
  const auto policy = open_moody("good");
  outsize_policy_input input{};
  input.struct_size = sizeof input;
  const auto plan = (*policy)->decide(input);
  REQUIRE(plan.has_value());
  CHECK(plan->kind() == OUTSIZE_PLAN_SPILL);
  CHECK(plan->blob_store() == "archive");
  CHECK(plan->warns());
  input.payload_bytes = 13;
  CHECK((*policy)->decide(input).error().text == "exception in plugin: thirteen");
}

TEST_CASE("open: a component of another kind is refused") {
  registry modules({});
  const component_info &component = (*modules.add_built_in(moody_module(), "built in"))->components.front();
  const param_values none;
  CHECK(open_transport(component, none, table().table(), {4096, 8192}).error().text ==
        "size policy \"moody\" is not a transport");
  CHECK(open_blob_store(component, none, table().table()).error().text == "size policy \"moody\" is not a blob-store");
}

TEST_CASE("open: a built-in module obeys the rule of one module per id") {
  registry modules({});
  REQUIRE(modules.add_built_in(moody_module(), "built in").has_value());
  CHECK(modules.add_built_in(moody_module(), "again").error().text ==
        "plugin file again has the module id org.example.moody of built in, which is loaded already");
}
