// A real store in a temporary directory, driven until what was asked for has happened.
#pragma once

#include "host/storage/rocksdb_store.hpp"
#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <poll.h>
#include <string>

namespace outsize::test {

/// Runs completions until `done`; a store that never gets there fails the test after a minute.
template <class Store> void run_until(Store &store, const std::function<bool()> &done) {
  while (!done()) {
    pollfd waiting{store.event_fd(), POLLIN, 0};
    REQUIRE(poll(&waiting, 1, 60'000) == 1);
    REQUIRE(store.run_completions() > 0);
  }
}

class disk_subject {
public:
  disk_subject() {
    options.directory = dir / "store";
    options.free_bytes_min = 0;
    options.memtable_bytes = 4 << 20; // small, so that tests of a few MiB flush
    open();
  }
  void open() {
    auto opened = host::rocksdb_store::open(options);
    if (!opened) {
      FAIL(opened.error().text);
    }
    store = *std::move(opened);
  }
  void reopen() {
    store.reset();
    open();
  }
  host::storage &entries() { return store->entries(); }
  host::value_store &values() { return store->values(); }

  temp_dir dir;
  host::rocksdb_options options;
  std::unique_ptr<host::rocksdb_store> store;
};

inline host::entry_write write_of(host::offset_t offset, std::string_view bytes) {
  return {offset, rope(buffer::copy_of(bytes))};
}

inline host::commit commit_of(const host::segment_id &segment, host::offset_t first,
                              const std::vector<std::string> &entries) {
  host::commit what{segment, {}, {}};
  for (const std::string &bytes : entries) {
    what.entries.push_back(write_of(first + what.entries.size(), bytes));
  }
  what.row.local_tail = first + entries.size();
  return what;
}

/// Submits and waits.
inline result<void> commit_now(host::storage &store, host::commit what) {
  std::optional<result<void>> outcome;
  store.submit(std::move(what), [&](result<void> got) { outcome = std::move(got); });
  run_until(store, [&] { return outcome.has_value(); });
  return *outcome;
}

inline result<host::read_result> read_now(host::storage &store, const host::read_request &what) {
  std::optional<result<host::read_result>> outcome;
  store.read(what, [&](result<host::read_result> got) { outcome = std::move(got); });
  run_until(store, [&] { return outcome.has_value(); });
  return *outcome;
}

inline result<host::fragment_result> find_now(host::storage &store, const host::fragment_request &what) {
  std::optional<result<host::fragment_result>> outcome;
  store.find_fragments(what, [&](result<host::fragment_result> got) { outcome = std::move(got); });
  run_until(store, [&] { return outcome.has_value(); });
  return *outcome;
}

} // namespace outsize::test
