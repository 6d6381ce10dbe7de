#include <outsize/size_policy.hpp>
#include <outsize/size_policy_handle.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>

using namespace outsize;

namespace {

struct silent_host {
  silent_host() {
    table.struct_size = sizeof table;
    table.log = [](void *, std::uint32_t, const char *, const char *) {};
    table.now_ns = [](void *) -> std::uint64_t { return 0; };
    table.random = [](void *) -> std::uint64_t { return 0; };
  }
  outsize_host table{};
};

int living = 0;

/// Splits; throws what its create and decide are told to.
class splitter final : public size_policy {
public:
  static std::span<const outsize_param> params() { return {}; }
  static result<std::unique_ptr<size_policy>> create(const size_policy_setup &setup) {
    if (setup.params.text("fail") == "error") {
      return size_error(code::bad_config, "no", 2, 1);
    }
    if (setup.params.text("fail") == "int") {
      throw 7;
    }
    return std::unique_ptr<size_policy>(std::make_unique<splitter>());
  }
  splitter() { ++living; }
  ~splitter() override { --living; }
  [[nodiscard]] policy_plan decide(const policy_input &input) const override {
    if (input.payload_bytes() == 0) {
      throw std::runtime_error("nothing to split");
    }
    return policy_plan::split(input.payload_bytes() / 2).with_warning();
  }
};

result<std::unique_ptr<size_policy_handle>> open(const char *fail = "") {
  static const silent_host host;
  const std::array params = {outsize_param_value{"fail", OUTSIZE_PARAM_STRING, 0, 0, fail}};
  return size_policy_handle::open(size_policy_api<splitter>(), {&host.table, params});
}

} // namespace

TEST_CASE("size policy layer: a plan goes through, the instance ends with its handle") {
  {
    const auto policy = open();
    REQUIRE(policy.has_value());
    CHECK(living == 1);
    outsize_policy_input input{};
    input.struct_size = sizeof input;
    input.payload_bytes = 100;
    const auto plan = (*policy)->decide(input);
    REQUIRE(plan.has_value());
    CHECK(plan->kind() == OUTSIZE_PLAN_SPLIT);
    CHECK(plan->fragment_bytes() == 50);
    CHECK(plan->warns());
  }
  CHECK(living == 0);
}

TEST_CASE("size policy layer: errors and exceptions become errors in the caller's storage") {
  CHECK(open("error").error().code == code::bad_config);
  CHECK(open("error").error().actual_bytes == 2);
  CHECK(open("int").error().text == "exception in plugin, not derived from std::exception");
  const auto policy = open();
  outsize_policy_input input{};
  input.struct_size = sizeof input;
  CHECK((*policy)->decide(input).error().code == code::internal);
  CHECK((*policy)->decide(input).error().text == "exception in plugin: nothing to split");
}

TEST_CASE("size policy layer: the plan of an older host is not written beyond its size") {
  const auto *api = size_policy_api<splitter>();
  const splitter policy;
  const auto *self = reinterpret_cast<const outsize_size_policy *>(static_cast<const size_policy *>(&policy));
  outsize_policy_input input{};
  input.struct_size = sizeof input;
  input.payload_bytes = 100;
  outsize_policy_plan plan{};
  plan.struct_size = offsetof(outsize_policy_plan, warn);
  plan.warn = 0xabcd;
  outsize_error why = empty_abi_error();
  REQUIRE(api->decide(self, &input, &plan, &why) == 1);
  CHECK(plan.kind == OUTSIZE_PLAN_SPLIT);
  CHECK(plan.warn == 0xabcd);
  CHECK(plan.struct_size == offsetof(outsize_policy_plan, warn));
}
