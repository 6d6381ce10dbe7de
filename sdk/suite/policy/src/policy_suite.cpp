#include <outsize/suite/policy_suite.hpp>

#include "allocation_count.hpp"
#include "module_checks.hpp"
#include "policy_rig.hpp"
#include "register_case.hpp"

#include <outsize/suite/catch.hpp>

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <deque>
#include <memory>
#include <thread>

namespace outsize::suite {

namespace {

constexpr std::uint64_t seed = 4129; // of every random question; a failing case prints the number of its question

/// `count` questions, always the same ones.
std::deque<policy_question> questions(std::size_t count) {
  std::mt19937_64 random(seed);
  std::deque<policy_question> made(count);
  for (policy_question &ask : made) {
    scramble(ask, random);
  }
  return made;
}

void entry_is_idempotent(const policy_factory &factory) {
  CHECK(&policy_component_of(factory) == &policy_component_of(factory));
}

void required_entries_are_present(const policy_factory &factory) {
  const auto &api = *static_cast<const outsize_size_policy_api *>(policy_component_of(factory).api);
  CHECK(OUTSIZE_HAS(&api, create));
  CHECK(OUTSIZE_HAS(&api, decide));
  CHECK(OUTSIZE_HAS(&api, destroy));
}

void params_are_declared_well(const policy_factory &factory) {
  check_declaration(policy_component_of(factory));
}

void bad_params_are_refused(const policy_factory &factory) {
  const outsize_component &component = policy_component_of(factory);
  for (const auto &[name, value] : factory.bad_params) {
    INFO(name << " = " << value);
    auto given = factory.params;
    given.emplace_back(name, value);
    const result<param_set> params = param_set::make(component, given);
    if (!params) {
      continue; // refused by its declaration already
    }
    test_host host;
    const auto made = size_policy_handle::open(static_cast<const outsize_size_policy_api *>(component.api),
                                               {host.table(), params->values()});
    REQUIRE_FALSE(made.has_value());
    CHECK_FALSE(made.error().text.empty());
  }
}

void decide_is_deterministic(const policy_factory &factory) {
  const policy_rig rig(factory);
  for (const policy_question &ask : questions(20)) {
    const policy_plan first = rig.decide(ask);
    for (int i = 0; i < 1000; ++i) {
      REQUIRE(same(rig.decide(ask), first));
    }
  }
}

void decide_is_the_same_on_every_thread(const policy_factory &factory) {
  const policy_rig rig(factory);
  const std::deque<policy_question> asked = questions(500);
  std::vector<policy_plan> expected;
  for (const policy_question &ask : asked) {
    expected.push_back(rig.decide(ask));
  }
  std::atomic<std::size_t> different{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::size_t at = 0; at < asked.size(); ++at) {
        const result<policy_plan> plan = rig.policy().decide(asked[at].asked());
        different += plan && same(*plan, expected[at]) ? 0U : 1U;
      }
    });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
  CHECK(different == 0);
}

void decide_is_the_same_in_every_instance(const policy_factory &factory) {
  const policy_rig first(factory);
  const policy_rig second(factory);
  for (const policy_question &ask : questions(500)) {
    REQUIRE(same(first.decide(ask), second.decide(ask)));
  }
}

void destroying_one_instance_keeps_the_other(const policy_factory &factory) {
  const policy_rig kept(factory);
  const policy_question ask;
  const policy_plan before = kept.decide(ask);
  for (int i = 0; i < 100; ++i) {
    const policy_rig gone(factory);
    REQUIRE(same(gone.decide(ask), before));
  }
  CHECK(same(kept.decide(ask), before));
}

void decide_allocates_nothing(const policy_factory &factory) {
  if (!counts_allocations()) {
    WARN("not counted: this build brings its own allocator");
    return;
  }
  const policy_rig rig(factory);
  const std::deque<policy_question> asked = questions(1000);
  outsize_error why = empty_abi_error();
  const std::uint64_t before = allocations_so_far();
  std::vector<int> proof(1); // the count moves when something allocates
  const std::uint64_t ready = allocations_so_far();
  for (const policy_question &ask : asked) {
    (void)rig.policy().decide(ask.asked());
  }
  const std::uint64_t after = allocations_so_far();
  CHECK(ready > before);
  CHECK(after == ready);
  CHECK(why.code == OUTSIZE_OK);
}

/// Only read, write, exit and sigreturn are left to the child; anything else kills it.
[[noreturn]] void decide_under_seccomp(const size_policy_handle &policy, const std::deque<policy_question> &asked) {
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) {
    ::_exit(2);
  }
  for (const policy_question &ask : asked) {
    (void)policy.decide(ask.asked());
  }
  ::syscall(SYS_exit, 0);
  __builtin_unreachable();
}

void decide_asks_nothing_of_the_system(const policy_factory &factory) {
  if (!counts_allocations()) {
    WARN("not tried: a sanitizer makes system calls of its own");
    return;
  }
  const policy_rig rig(factory);
  const std::deque<policy_question> asked = questions(1000);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    decide_under_seccomp(rig.policy(), asked);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
    WARN("not tried: this kernel has no strict seccomp");
    return;
  }
  CHECK_FALSE(WIFSIGNALED(status)); // SIGKILL: it made a system call
}

void question_is_left_alone(const policy_factory &factory) {
  const policy_rig rig(factory);
  for (policy_question &ask : questions(500)) {
    const outsize_policy_input before = ask.asked();
    (void)rig.decide(ask);
    REQUIRE(std::memcmp(&before, &ask.asked(), sizeof before) == 0);
  }
}

void plans_keep_the_rules(const policy_factory &factory) {
  const policy_rig rig(factory);
  std::size_t number = 0;
  for (const policy_question &ask : questions(20000)) {
    INFO("question " << number++ << " of seed " << seed);
    REQUIRE(fault_of(rig.decide(ask), ask.asked()).empty());
  }
}

void smallest_limit_wins(const policy_factory &factory) {
  const policy_rig rig(factory);
  for (const std::uint64_t limit : {4096ULL, 65536ULL, 4ULL << 20U, 32ULL << 20U}) {
    for (const std::int64_t off : {-1, 0, 1}) {
      policy_question ask;
      ask.segment_limit(limit).payload(limit + static_cast<std::uint64_t>(off));
      INFO("limit " << limit << ", payload " << ask.asked().payload_bytes);
      CHECK(fault_of(rig.decide(ask), ask.asked()).empty());
    }
  }
}

void limit_below_any_envelope(const policy_factory &factory) {
  const policy_rig rig(factory);
  for (const std::uint64_t limit : {0ULL, 1ULL, 127ULL, 128ULL, 511ULL}) {
    policy_question ask;
    ask.input().entry_bytes_max = limit;
    ask.input().policy_limit_bytes = limit;
    INFO("largest entry " << limit);
    CHECK(fault_of(rig.decide(ask), ask.asked()).empty());
  }
}

void raising_a_limit_never_turns_into_a_reject(const policy_factory &factory) {
  const policy_rig rig(factory);
  std::size_t number = 0;
  for (policy_question &ask : questions(5000)) {
    INFO("question " << number++ << " of seed " << seed);
    const std::uint32_t before = rig.decide(ask).kind();
    outsize_policy_input &input = ask.input();
    input.segment_limit_bytes += (UINT64_MAX - input.segment_limit_bytes) / 2;
    input.entry_bytes_max += (UINT64_MAX - input.entry_bytes_max) / 2;
    input.policy_limit_bytes += (UINT64_MAX - input.policy_limit_bytes) / 2;
    const std::uint32_t after = rig.decide(ask).kind();
    REQUIRE((before == OUTSIZE_PLAN_REJECT || after != OUTSIZE_PLAN_REJECT));
  }
}

void newer_host_makes_no_difference(const policy_factory &factory) {
  const policy_rig rig(factory);
  for (policy_question &ask : questions(500)) {
    const policy_plan before = rig.decide(ask);
    ask.from_newer_host();
    REQUIRE(same(rig.decide(ask), before));
  }
}

void newer_plan_keeps_its_tail(const policy_factory &factory) {
  struct newer_plan {
    outsize_policy_plan known;
    std::array<std::uint8_t, 64> tail;
  };
  const policy_rig rig(factory);
  test_host host;
  const outsize_component &component = policy_component_of(factory);
  const result<param_set> params = param_set::make(component, factory.params);
  REQUIRE(params.has_value());
  outsize_size_policy_open open{sizeof open, static_cast<std::uint32_t>(params->values().size()), host.table(),
                                params->values().data()};
  outsize_size_policy *policy = nullptr;
  outsize_error why = empty_abi_error();
  REQUIRE(rig.api().create(&open, &policy, &why) == 1);
  for (const policy_question &ask : questions(200)) {
    newer_plan plan{};
    plan.known.struct_size = sizeof plan;
    plan.tail.fill(0xa5);
    REQUIRE(rig.api().decide(policy, &ask.asked(), &plan.known, &why) == 1);
    REQUIRE(plan.known.struct_size == sizeof plan);
    for (const std::uint8_t byte : plan.tail) {
      REQUIRE(byte == 0xa5);
    }
  }
  rig.api().destroy(policy);
}

struct policy_case {
  const char *name;
  void (*run)(const policy_factory &factory);
};

constexpr policy_case cases[] = {
    {"entry-idempotent", &entry_is_idempotent},
    {"required-entries-present", &required_entries_are_present},
    {"params-unique documented and with defaults that parse", &params_are_declared_well},
    {"bad-params-refused", &bad_params_are_refused},
    {"decide-deterministic-1000x", &decide_is_deterministic},
    {"decide-same-across-threads", &decide_is_the_same_on_every_thread},
    {"decide-same-across-instances", &decide_is_the_same_in_every_instance},
    {"destroy-one-keeps-other", &destroying_one_instance_keeps_the_other},
    {"decide-no-allocation", &decide_allocates_nothing},
    {"decide-no-syscall", &decide_asks_nothing_of_the_system},
    {"input-unchanged", &question_is_left_alone},
    {"fuzz-plans-keep-the-rules (20000 questions, u64 extremes)", &plans_keep_the_rules},
    {"smallest-limit-wins", &smallest_limit_wins},
    {"limit-below-envelope", &limit_below_any_envelope},
    {"monotone-in-limit", &raising_a_limit_never_turns_into_a_reject},
    {"newer-host-tolerated", &newer_host_makes_no_difference},
    {"newer-plan-keeps-its-tail", &newer_plan_keeps_its_tail},
};

void run_example(const policy_factory &factory, const policy_example &example) {
  const policy_rig rig(factory);
  policy_question ask;
  example.set_up(ask);
  const policy_plan plan = rig.decide(ask);
  INFO("reason: " << plan.reason());
  CHECK(fault_of(plan, ask.asked()).empty());
  CHECK(plan.kind() == example.plan);
  CHECK(std::string(plan.reason()).find(example.reason) != std::string::npos);
}

} // namespace

bool register_policy_suite(const policy_factory &factory) {
  const auto kept = std::make_shared<const policy_factory>(factory); // as long as a case of it is registered
  for (const policy_case &one : cases) {
    register_case(kept->name + ": " + one.name, "[size-policy]", [kept, run = one.run] { run(*kept); });
  }
  for (const policy_example &example : kept->examples) {
    register_case(kept->name + ": example " + example.name, "[size-policy]",
                  [kept, &example] { run_example(*kept, example); });
  }
  return true;
}

} // namespace outsize::suite
