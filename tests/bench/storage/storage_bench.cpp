// How fast one log server's storage is, without network and log: commits of one entry each, so many in flight.
//
// Usage: storage-bench DIRECTORY ENTRY_BYTES IN_FLIGHT SECONDS
// Prints one line: entries per second, MB per second, processor time per entry, bytes written to disk per byte stored.
#include "host/storage/rocksdb_store.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/resource.h>

using namespace outsize;
using namespace outsize::host;

namespace {

double processor_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval &time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// What this process sent to the disk.
double written_bytes() {
  std::ifstream from("/proc/self/io");
  std::string key;
  double value = 0;
  while (from >> key >> value) {
    if (key == "write_bytes:") {
      return value;
    }
  }
  return 0;
}

commit next_commit(offset_t offset, const buffer &header, const buffer &payload) {
  commit what{{1, 0}, {{offset, rope(header)}}, {}};
  what.entries[0].bytes.append(payload);
  what.row.local_tail = offset + 1;
  return what;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: storage-bench DIRECTORY ENTRY_BYTES IN_FLIGHT SECONDS\n");
    return 2;
  }
  const std::uint64_t entry_bytes = std::strtoull(argv[2], nullptr, 10);
  const std::uint64_t in_flight_max = std::strtoull(argv[3], nullptr, 10);
  rocksdb_options options;
  options.directory = argv[1];
  auto opened = rocksdb_store::open(options);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().text.c_str());
    return 1;
  }
  storage &store = (*opened)->entries();
  const buffer header = buffer::copy_of(std::string(150, 'h'));
  const buffer payload = buffer::copy_of(std::string(entry_bytes, 'p'));
  std::uint64_t submitted = 0;
  std::uint64_t done = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::seconds(std::strtoull(argv[4], nullptr, 10));
  while (std::chrono::steady_clock::now() < end || done < submitted) {
    while (submitted - done < in_flight_max && std::chrono::steady_clock::now() < end) {
      store.submit(next_commit(++submitted, header, payload), [&done](const result<void> &outcome) {
        if (!outcome) {
          std::fprintf(stderr, "%s\n", outcome.error().text.c_str());
          std::exit(1);
        }
        ++done;
      });
    }
    pollfd waiting{store.event_fd(), POLLIN, 0};
    poll(&waiting, 1, 1000);
    store.run_completions();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double entries = static_cast<double>(done);
  const double bytes = entries * static_cast<double>(entry_bytes);
  const double processor = processor_seconds();
  opened->reset(); // writes what memtables hold
  std::printf(
      "%llu B x %llu in flight: %.0f/s, %.1f MB/s, %.1f us of processor per entry, %.2f bytes written per byte\n",
      static_cast<unsigned long long>(entry_bytes), static_cast<unsigned long long>(in_flight_max), entries / seconds,
      bytes / seconds / 1e6, processor * 1e6 / entries, written_bytes() / bytes);
}
