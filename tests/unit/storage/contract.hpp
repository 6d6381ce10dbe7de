// Both stores behind one set of verbs, so that what every storage promises is written down once: the real one, and the
// one that other tests are built on.
#pragma once

#include "disk_subject.hpp"

#include "support/fault_store.hpp"

#include <functional>
#include <optional>
#include <utility>

namespace outsize::test {

inline const host::segment_id one{1, 0};
inline const host::segment_id two{1, 1};

struct rocksdb_subject : disk_subject {
  host::storage &store_under_test() { return entries(); }
  void wait(const std::function<bool()> &done) { run_until(entries(), done); }
};

struct fault_subject {
  host::storage &store_under_test() { return store; }
  void reopen() { store.crash(); }
  void wait(const std::function<bool()> &done) {
    while (!done()) {
      REQUIRE(store.run_completions() > 0);
    }
  }
  fault_store store;
};

template <class Subject> class contract {
public:
  result<void> commit(host::commit what) {
    std::optional<result<void>> outcome;
    store().submit(std::move(what), [&](result<void> got) { outcome = std::move(got); });
    subject.wait([&] { return outcome.has_value(); });
    return *outcome;
  }
  host::read_result read(host::read_request what) {
    std::optional<result<host::read_result>> outcome;
    store().read(what, [&](result<host::read_result> got) { outcome = std::move(got); });
    subject.wait([&] { return outcome.has_value(); });
    REQUIRE(outcome->has_value());
    return **outcome;
  }
  host::read_result read(const host::segment_id &segment, host::offset_t from, host::offset_t to) {
    return read({.segment = segment, .from = from, .to = to, .bytes_max = 1 << 30});
  }
  host::fragment_result find(const host::fragment_request &what) {
    std::optional<result<host::fragment_result>> outcome;
    store().find_fragments(what, [&](result<host::fragment_result> got) { outcome = std::move(got); });
    subject.wait([&] { return outcome.has_value(); });
    REQUIRE(outcome->has_value());
    return **outcome;
  }
  host::storage &store() { return subject.store_under_test(); }
  Subject subject;
};

} // namespace outsize::test
