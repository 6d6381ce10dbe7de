#include "disk_subject.hpp"
#include "kill_checks.hpp"
#include "kill_entries.hpp"
#include "power_cut_file_system.hpp"

#include <atomic>
#include <map>
#include <vector>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;

namespace {

/// A store whose directory is copied, as a power cut would leave it, before some of its syncs.
struct cut_subject {
  cut_subject() {
    subject.store.reset();
    subject.options.directory = subject.dir / "live";
    subject.options.env = env.get();
    subject.options.memtable_bytes = 1 << 20; // flushes and new logs on the way
    subject.open();
  }
  ~cut_subject() {
    disk->before_sync(nullptr);
    subject.store.reset();
  }
  std::shared_ptr<power_cut_file_system> disk = std::make_shared<power_cut_file_system>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
  disk_subject subject;
};

void check_survivors(disk_subject &after, offset_t acknowledged) {
  const auto known = after.entries().load();
  REQUIRE(known.has_value());
  const offset_t tail = known->empty() ? 1 : known->front().second.local_tail;
  REQUIRE(tail > acknowledged);
  for (offset_t at = 1; at < tail;) {
    const auto read =
        read_now(after.entries(), {.segment = kill_segment, .from = at, .to = tail, .bytes_max = 8 << 20});
    REQUIRE(read.has_value());
    REQUIRE(!read->entries.empty());
    for (const read_entry &entry : read->entries) {
      REQUIRE(entry.offset == at);
      REQUIRE((entry.bytes.text() == kill_entry(at)));
      ++at;
    }
  }
  check_fragment_rows(after.entries(), tail);
}

} // namespace

TEST_CASE("power cut: what was acknowledged is synced, and nothing refers to what is not (every 7th of 200 syncs)") {
  cut_subject live;
  std::atomic<offset_t> acknowledged{0};
  std::vector<std::pair<std::string, offset_t>> copies; ///< and what was acknowledged then
  std::atomic<int> syncs{0};                            ///< counted by whichever thread syncs; looked at by this one
  live.disk->before_sync([&] {
    if (const int count = ++syncs; count % 7 == 0 && count <= 200) {
      const std::string copy = live.subject.dir / ("copy" + std::to_string(count));
      std::filesystem::create_directory(copy);
      live.disk->copy_synced(live.subject.options.directory, copy);
      copies.emplace_back(copy, acknowledged.load());
    }
  });
  offset_t next = 1;
  while (syncs <= 200) {
    for (int commits = 0; commits < 3; ++commits) {
      commit what{kill_segment, {{next, rope(buffer::copy_of(kill_entry(next)))}}, {}};
      what.row.local_tail = ++next;
      live.subject.entries().submit(std::move(what), [&, end = next](const result<void> &outcome) {
        REQUIRE(outcome.has_value());
        acknowledged = end - 1;
      });
    }
    run_until(live.subject.entries(), [&] { return acknowledged == next - 1; });
  }
  live.disk->before_sync(nullptr);
  REQUIRE(copies.size() >= 20);
  for (const auto &[copy, acknowledged_then] : copies) {
    CAPTURE(copy, acknowledged_then);
    disk_subject after;
    after.store.reset();
    after.options.directory = copy;
    after.open();
    check_survivors(after, acknowledged_then);
  }
}
