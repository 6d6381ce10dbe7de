#include "cases.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

namespace outsize::suite {

namespace {

/// What went wrong in threads of a case; Catch2 is told at the end, by its own thread.
class findings {
public:
  void add(const std::string &what) {
    const std::lock_guard lock(mutex_);
    found_.push_back(what);
  }
  void add(const std::string &what, const error &why) {
    add(what + ": " + std::string(name_of(why.code)) + ": " + why.text);
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return found_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> found_; // guarded by mutex_
};

/// Blobs whose finish has returned, with the seed and size of their content.
class shelf_of_finished {
public:
  struct content {
    std::uint64_t size;
    std::uint64_t seed;
  };
  void add(const std::string &key, const content &what) {
    const std::lock_guard lock(mutex_);
    blobs_.emplace(key, what);
  }
  [[nodiscard]] std::map<std::string, content> all() const {
    const std::lock_guard lock(mutex_);
    return blobs_;
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, content> blobs_; // guarded by mutex_
};

void run_all(std::vector<std::function<void()>> jobs) {
  std::vector<std::thread> threads;
  for (std::function<void()> &job : jobs) {
    threads.emplace_back(std::move(job));
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
}

void survives_reopening(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(300'000, 3);
  rig.put("orders/1/1", some);
  rig.put("orders/1/2", {});
  rig.close();
  rig.open();
  CHECK(rig.read("orders/1/1") == some);
  CHECK(rig.keys() == std::vector<std::string>{"orders/1/1", "orders/1/2"});
}

void instances_of_one_place(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const auto other = rig.open_another();
  rig.put("a", {1});
  CHECK(read_blob(*other, "a").value() == blob_bytes{1});
  CHECK(put_blob(*other, "a", blob_bytes{2}, 1).error().code == code::blob_exists);
  REQUIRE(put_blob(*other, "b", blob_bytes{2}, 1).has_value());
  CHECK(rig.read("b") == blob_bytes{2});
  REQUIRE(other->remove({}, "a").has_value());
  CHECK_FALSE(rig.is_there("a"));
}

void places_are_apart(const blob_store_factory &factory) {
  blob_rig one(factory);
  blob_rig other(factory);
  one.put("a", {1});
  CHECK_FALSE(other.is_there("a"));
}

/// A node that starts must not take another's upload for a leftover, nor show it.
void opening_harms_no_upload(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const blob_bytes some = blob_noise(100'000, 3);
  result<blob_upload> upload = rig.store().begin({}, "a", some.size());
  REQUIRE(upload.has_value());
  REQUIRE(upload->chunk({}, std::span(some).first(60'000)).has_value());
  const auto other = rig.open_another();
  CHECK(other->stat({}, "a").error().code == code::blob_missing);
  CHECK(list_blobs(*other, "")->empty());
  REQUIRE(upload->chunk({}, std::span(some).subspan(60'000)).has_value());
  REQUIRE((*std::move(upload)).finish({}).has_value());
  CHECK((read_blob(*other, "a").value() == some));
}

void write_many(blob_store_handle &store, std::uint64_t writer, shelf_of_finished &finished, findings &wrong) {
  for (std::uint64_t number = 0; number < 15; ++number) {
    const shelf_of_finished::content what{1 + (writer * 7919 + number * 104729) % 150'000, writer * 100 + number};
    const std::string key = "w" + std::to_string(writer % 2) + "/" + std::to_string(writer * 100 + number);
    const result<void> done = put_blob(store, key, blob_noise(what.size, what.seed), what.size, 20'000);
    done ? finished.add(key, what) : wrong.add("put " + key, done.error());
  }
}

void read_all(blob_store_handle &store, const shelf_of_finished &finished, findings &wrong) {
  for (const auto &[key, what] : finished.all()) {
    const result<blob_bytes> got = read_blob(store, key, 30'000);
    if (!got) {
      wrong.add("get " + key, got.error());
    } else if (*got != blob_noise(what.size, what.seed)) {
      wrong.add("another content of " + key);
    }
  }
}

void list_all(blob_store_handle &store, const shelf_of_finished &finished, findings &wrong) {
  const auto before = finished.all();
  const auto keys = list_blobs(store, "");
  if (!keys) {
    return wrong.add("list", keys.error());
  }
  if (std::adjacent_find(keys->begin(), keys->end(), std::greater_equal<>()) != keys->end()) {
    wrong.add("a listing out of order");
  }
  for (const auto &[key, what] : before) {
    if (!std::binary_search(keys->begin(), keys->end(), key)) {
      wrong.add("a listing without " + key);
    }
  }
}

void puts_and_gets_at_once(const blob_store_factory &factory) {
  blob_rig rig(factory);
  blob_store_handle &store = rig.store();
  shelf_of_finished finished;
  findings wrong;
  std::atomic<int> writing{4};
  std::vector<std::function<void()>> jobs;
  for (std::uint64_t writer = 0; writer < 4; ++writer) {
    jobs.emplace_back([&, writer] {
      write_many(store, writer, finished, wrong);
      --writing;
    });
  }
  jobs.emplace_back([&] {
    do {
      read_all(store, finished, wrong);
    } while (writing > 0);
  });
  jobs.emplace_back([&] {
    do {
      list_all(store, finished, wrong);
      (void)store.free_bytes();
    } while (writing > 0);
  });
  run_all(std::move(jobs));
  CHECK(wrong.all() == std::vector<std::string>{});
  CHECK(finished.all().size() == 60);
  findings after;
  read_all(store, finished, after);
  CHECK(after.all() == std::vector<std::string>{});
}

void one_put_of_a_key_wins(const blob_store_factory &factory) {
  blob_rig rig(factory);
  const auto other = rig.open_another();
  for (int round = 0; round < 10; ++round) {
    const std::string key = "race/" + std::to_string(round);
    std::atomic<std::uint64_t> winners{0};
    std::atomic<std::uint64_t> winner{0};
    std::atomic<int> waiting{4};
    findings wrong;
    std::vector<std::function<void()>> jobs;
    for (std::uint64_t number = 1; number <= 4; ++number) {
      jobs.emplace_back([&, number] {
        blob_store_handle &store = number % 2 == 0 ? rig.store() : *other;
        for (--waiting; waiting > 0;) {
          std::this_thread::yield(); // all at once
        }
        const result<void> done = put_blob(store, key, blob_noise(number, number), number);
        if (done) {
          ++winners;
          winner = number;
        } else if (done.error().code != code::blob_exists) {
          wrong.add("put " + key, done.error());
        }
      });
    }
    run_all(std::move(jobs));
    CHECK(wrong.all() == std::vector<std::string>{});
    REQUIRE(winners == 1);
    CHECK(rig.read(key) == blob_noise(winner, winner));
  }
}

void removals_at_once(const blob_store_factory &factory) {
  blob_rig rig(factory);
  constexpr std::size_t blobs = 40;
  for (std::size_t i = 0; i < blobs; ++i) {
    rig.put("r/" + std::to_string(i), {1});
  }
  std::atomic<std::size_t> removed{0};
  findings wrong;
  const auto remove_all = [&] {
    for (std::size_t i = 0; i < blobs; ++i) {
      const result<void> gone = rig.store().remove({}, "r/" + std::to_string(i));
      removed += gone ? 1U : 0U;
      if (!gone && gone.error().code != code::blob_missing) {
        wrong.add("remove", gone.error());
      }
    }
  };
  const auto list = [&] {
    for (int i = 0; i < 10; ++i) {
      if (const auto keys = list_blobs(rig.store(), "r/"); !keys) {
        wrong.add("list", keys.error());
      }
    }
  };
  run_all({remove_all, remove_all, list});
  CHECK(wrong.all() == std::vector<std::string>{});
  CHECK(removed == blobs);
  CHECK(rig.keys().empty());
}

constexpr blob_case cases[] = {
    {"survives-reopening", &survives_reopening},
    {"instances-of-one-place see each other's blobs", &instances_of_one_place},
    {"places-are-apart", &places_are_apart},
    {"opening-harms-no-upload of another instance", &opening_harms_no_upload},
    {"puts-and-gets-at-once (4 writers, reader, lister)", &puts_and_gets_at_once},
    {"one-put-of-a-key-wins", &one_put_of_a_key_wins},
    {"removals-at-once", &removals_at_once},
};

} // namespace

std::span<const blob_case> blob_sharing_cases() {
  return cases;
}

} // namespace outsize::suite
