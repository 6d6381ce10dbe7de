// What admission costs a record that no policy is asked about: it must stay below one microsecond.
#include "host/admission/admission.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace {

using namespace outsize;

std::vector<host::chained_policy> chain_that_must_not_be_called(std::size_t policies) {
  std::vector<host::chained_policy> chain;
  for (std::size_t i = 0; i < policies; ++i) {
    chain.push_back({"policy", 16 * wire::mib, [](const auto &, auto &) -> result<void> { std::abort(); }});
  }
  return chain;
}

wire::record_header header_with(std::size_t headers) {
  wire::record_header made;
  made.producer = {"producer", 1, 2, 1};
  made.has_key = true;
  made.key = "customer-7";
  for (std::size_t i = 0; i < headers; ++i) {
    made.headers.push_back({"name", "value"});
  }
  return made;
}

/// Arguments: policies in the chain, headers of the record.
void admit_below_threshold(benchmark::State &state) {
  const host::log_limits limits{"orders", 32 * wire::mib, "n1", 0};
  const auto chain = chain_that_must_not_be_called(static_cast<std::size_t>(state.range(0)));
  const wire::record_header header = header_with(static_cast<std::size_t>(state.range(1)));
  const host::policy_snapshot snapshot;
  const host::record_facts record{60, 1024, &header, 0};
  for (auto round : state) {
    benchmark::DoNotOptimize(host::admit(record, limits, chain, snapshot));
  }
}
BENCHMARK(admit_below_threshold)->Args({0, 0})->Args({1, 0})->Args({4, 8});

/// The same at the largest size that no policy is asked about.
void admit_at_threshold(benchmark::State &state) {
  const host::log_limits limits{"orders", 32 * wire::mib, "n1", 0};
  const auto chain = chain_that_must_not_be_called(2);
  const wire::record_header header = header_with(1);
  const host::policy_snapshot snapshot;
  const host::record_facts record{60, 16 * wire::mib - host::message_bytes_of(60), &header, 0};
  for (auto round : state) {
    benchmark::DoNotOptimize(host::admit(record, limits, chain, snapshot));
  }
}
BENCHMARK(admit_at_threshold);

} // namespace
