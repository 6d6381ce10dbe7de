// Fills a disk of 64 MiB of its own, makes room, and goes on: the other half of full_disk_test.cpp, a process of its
// own because the disk is a mount that only it sees. Exit 0: all went as it must; 77: mounting is not permitted here.
// Usage: storage-full-disk EMPTY_DIRECTORY
#include "kill_entries.hpp"

#include "host/storage/rocksdb_store.hpp"

#include <outsize/suite/own_disk.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <poll.h>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

constexpr std::uint64_t ballast_bytes = 16 << 20;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

result<void> commit_entry(storage &store, offset_t offset) {
  commit what{kill_segment, {{offset, rope(buffer::copy_of(kill_entry(offset)))}}, {}};
  what.row.local_tail = offset + 1;
  std::optional<result<void>> outcome;
  store.submit(std::move(what), [&](result<void> got) { outcome = std::move(got); });
  while (!outcome) {
    pollfd waiting{store.event_fd(), POLLIN, 0};
    poll(&waiting, 1, -1);
    store.run_completions();
  }
  return *outcome;
}

/// The first offset that was refused for want of room.
offset_t fill(storage &store, offset_t next) {
  for (;; ++next) {
    if (const auto outcome = commit_entry(store, next); !outcome) {
      if (outcome.error().code != code::disk_full) {
        fail(outcome.error().text.c_str());
      }
      return next;
    }
  }
}

std::unique_ptr<rocksdb_store> open_store(const std::string &directory) {
  rocksdb_options options;
  options.directory = directory;
  options.memtable_bytes = 2 << 20;
  options.free_bytes_min = 12 << 20;
  auto opened = rocksdb_store::open(options);
  if (!opened) {
    fail(opened.error().text.c_str());
  }
  return *std::move(opened);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2 || !suite::mount_own_disk(argv[1], 64)) {
    return argc == 2 ? suite::mounting_not_permitted : 2;
  }
  const std::string directory = argv[1];
  if (!suite::write_ballast(directory + "/ballast", ballast_bytes)) {
    fail("cannot write the ballast");
  }
  auto store = open_store(directory + "/store");
  const offset_t refused = fill(store->entries(), 1);
  if (refused < 10 || fill(store->entries(), refused) != refused) {
    fail("a full disk was not refused, or not again");
  }
  if (!std::filesystem::remove(directory + "/ballast")) {
    fail("cannot remove the ballast");
  }
  const offset_t refused_again = fill(store->entries(), refused);
  if (refused_again <= refused) {
    fail("the store did not go on when there was room again");
  }
  store.reset();
  store = open_store(directory + "/store");
  if (store->entries().load()->front().second.local_tail != refused_again) {
    fail("an acknowledged entry is missing after the restart");
  }
  return 0;
}
