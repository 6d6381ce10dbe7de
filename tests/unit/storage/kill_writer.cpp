// Commits entries until it is killed, and writes the offset of each to stdout once it is acknowledged: the other half
// of kill_test.cpp. Usage: storage-kill-writer DIRECTORY SEED
#include "kill_entries.hpp"

#include "host/storage/rocksdb_store.hpp"

#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <random>
#include <unistd.h>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

constexpr std::size_t in_flight_max = 32;

void tell(offset_t offset) {
  if (write(STDOUT_FILENO, &offset, sizeof offset) != sizeof offset) {
    std::abort();
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    return 2;
  }
  rocksdb_options options;
  options.directory = argv[1];
  options.memtable_bytes = 2 << 20; // flushes often
  options.free_bytes_min = 0;
  auto opened = rocksdb_store::open(options);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().text.c_str());
    return 1;
  }
  storage &store = (*opened)->entries();
  const auto known = store.load();
  offset_t next = known->empty() ? 1 : known->front().second.local_tail;
  std::mt19937_64 random(std::strtoull(argv[2], nullptr, 10));
  std::size_t in_flight = 0;
  for (;;) {
    while (in_flight < in_flight_max) {
      commit what{kill_segment, {}, {}};
      const offset_t end = next + 1 + random() % 4;
      for (; next < end; ++next) {
        what.entries.push_back({next, rope(buffer::copy_of(kill_entry(next)))});
      }
      what.row.local_tail = end;
      ++in_flight;
      store.submit(std::move(what), [&in_flight, end](const result<void> &outcome) {
        if (!outcome) {
          std::fprintf(stderr, "%s\n", outcome.error().text.c_str());
          std::exit(1);
        }
        --in_flight;
        tell(end - 1);
      });
    }
    pollfd waiting{store.event_fd(), POLLIN, 0};
    poll(&waiting, 1, -1);
    store.run_completions();
  }
}
