#include "load.hpp"

#include "integration/support/transports.hpp"
#include "made_record.hpp"

#include <outsize/suite/patience.hpp>
#include <outsize/suite/test_host.hpp>
#include <outsize/wire/messages.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <random>
#include <thread>
#include <utility>

namespace outsize::faults {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
/// Before something is sent again: a cluster that is away is not asked in a tight loop.
constexpr duration pause_before_retry = std::chrono::milliseconds(10);
constexpr duration append_time_max = suite::patience;

/// Small ones mostly; one in a hundred is larger than a part of a message.
std::uint64_t pick_bytes(std::mt19937_64 &random, std::uint64_t largest) {
  const auto between = [&](std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(std::min(least, largest), std::min(most, largest))(random);
  };
  const std::uint64_t kind = std::uniform_int_distribution<std::uint64_t>(0, 99)(random);
  return kind < 70   ? between(1, kib)
         : kind < 94 ? between(1, 32 * kib)
         : kind < 99 ? between(1, 256 * kib)
                     : between(mib, 6 * mib);
}

/// Sends one record at a time, each until it is acknowledged.
struct producer {
  client::client *through = nullptr;
  std::string name;
  std::uint64_t sequence = 1;
  std::uint64_t predecessor = 0;
  std::uint64_t id = 0; ///< of the record it is at; 0 = none
  client::record what;
  bool under_way = false;
  time_point send_at{};
};

} // namespace

struct load::state {
  load_options how;
  journal &into;
  std::mt19937_64 random;
  suite::test_host host; // outlives the clients
  std::vector<std::unique_ptr<client::client>> clients;
  std::vector<producer> producers;
  int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

  std::mutex mutex;
  std::condition_variable changed;
  // guarded by mutex
  load_report seen;
  time_point last_acknowledged{};
  bool stopping = false;
  bool finishing = false;
  bool finished = false;

  std::thread thread; // last: it uses all of the above

  state(load_options given, journal &journal_) : how(std::move(given)), into(journal_), random(how.seed) {
    for (std::size_t i = 0; i < how.addresses.size(); ++i) {
      client::client_options options;
      options.addresses = how.addresses;
      std::rotate(options.addresses.begin(), options.addresses.begin() + static_cast<std::ptrdiff_t>(i),
                  options.addresses.end());
      options.name = "load-" + std::to_string(i);
      clients.push_back(std::make_unique<client::client>(
          test::open_transports(options.addresses, host.table(), options.message_limit_bytes), options));
      for (std::size_t p = 0; p < how.producers; ++p) {
        producer one;
        one.through = clients.back().get();
        one.name = "p" + std::to_string(how.seed) + "-" + std::to_string(i) + "-" + std::to_string(p);
        producers.push_back(std::move(one));
      }
    }
    last_acknowledged = steady_now();
    thread = std::thread([this] { run(); });
  }

  // ---- the load's thread
  void run() {
    for (;;) {
      const time_point now = steady_now();
      if (!send_all(now)) {
        return;
      }
      time_point next = never;
      bool again = false;
      for (const auto &one : clients) {
        next = std::min(next, one->poll(now));
        again = again || one->wants_poll();
      }
      for (const producer &one : producers) {
        next = one.under_way ? next : std::min(next, one.send_at);
      }
      if (!again) {
        wait_until(next);
      }
    }
  }

  void wait_until(time_point next) {
    std::vector<pollfd> waits{{wake, POLLIN, 0}};
    for (const auto &one : clients) {
      for (const int fd : one->event_fds()) {
        waits.push_back({fd, POLLIN, 0});
      }
    }
    const duration left = std::clamp<duration>(next - steady_now(), duration::zero(), std::chrono::seconds(1));
    const timespec time{left / std::chrono::seconds(1), (left % std::chrono::seconds(1)).count()};
    (void)::ppoll(waits.data(), waits.size(), &time, nullptr); // the loop looks at everything again
    std::uint64_t count = 0;
    (void)!::read(wake, &count, sizeof count); // nonblocking: nothing there is as good
  }

  /// False when the thread is to end.
  bool send_all(time_point now) {
    bool draining = false;
    {
      const std::lock_guard lock(mutex);
      if (stopping) {
        return false;
      }
      draining = finishing;
    }
    bool idle = true;
    for (producer &one : producers) {
      if (!one.under_way && one.send_at <= now && (one.id != 0 || !draining)) {
        send(one, now);
      }
      idle = idle && one.id == 0;
      one.send_at = draining && one.id == 0 ? never : one.send_at;
    }
    if (draining && idle) {
      const std::lock_guard lock(mutex);
      finished = true;
      changed.notify_all();
    }
    return true;
  }

  void send(producer &one, time_point now) {
    if (one.id == 0) {
      const std::uint64_t bytes = pick_bytes(random, how.largest_bytes);
      one.id = into.invoked(bytes);
      one.what = make_record(one.id, bytes);
      one.what.header.producer = {one.name, 1, one.sequence, one.predecessor};
    } else {
      into.sent_again(one.id);
    }
    one.under_way = true;
    one.through->append(how.log, one.what, now + append_time_max,
                        [this, &one](const wire::append_result &answer) { take(one, answer); });
  }

  void take(producer &one, const wire::append_result &answer) {
    one.under_way = false;
    if (!answer.refused.has_value()) {
      into.acknowledged(one.id, answer.offset, answer.duplicate != 0);
      one.predecessor = one.sequence++;
      one.id = 0;
      one.what = {};
      one.send_at = steady_now() + how.pause;
      note_acknowledged();
      return;
    }
    const code why = answer.refused->why;
    one.send_at = steady_now() + pause_before_retry;
    if (why == code::outcome_unknown) {
      into.in_doubt(one.id);
      note_refused(why);
      return;
    }
    into.refused(one.id);
    if (retry_of(why) == retry_class::later) {
      note_refused(why);
      return;
    }
    one.id = 0;
    const std::lock_guard lock(mutex);
    seen.failures.push_back(std::string(name_of(why)) + ": " + answer.refused->text);
    changed.notify_all();
  }

  void note_acknowledged() {
    const time_point now = steady_now();
    const std::lock_guard lock(mutex);
    ++seen.acknowledged;
    seen.longest_gap = std::max(seen.longest_gap, now - last_acknowledged);
    last_acknowledged = now;
    changed.notify_all();
  }

  void note_refused(code why) {
    const std::lock_guard lock(mutex);
    ++seen.refused[std::string(name_of(why))];
    changed.notify_all();
  }

  // ---- the owner's thread
  void nudge() const {
    const std::uint64_t one = 1;
    (void)!::write(wake, &one, sizeof one); // full: it is awake anyway
  }
};

load::load(load_options how, journal &into) : state_(std::make_unique<state>(std::move(how), into)) {}

load::~load() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->nudge();
  state_->thread.join();
  ::close(state_->wake);
}

load_report load::report() const {
  const std::lock_guard lock(state_->mutex);
  load_report made = state_->seen;
  made.longest_gap = std::max(made.longest_gap, steady_now() - state_->last_acknowledged);
  return made;
}

void load::forget_gaps() {
  const std::lock_guard lock(state_->mutex);
  state_->seen.longest_gap = {};
  state_->last_acknowledged = steady_now();
}

bool load::await_acknowledged(std::size_t count, time_point deadline) {
  std::unique_lock lock(state_->mutex);
  const std::size_t wanted = state_->seen.acknowledged + count;
  return state_->changed.wait_until(lock, std::chrono::steady_clock::time_point(deadline.time_since_epoch()),
                                    [&] { return state_->seen.acknowledged >= wanted; });
}

bool load::await_refused(const std::string &code, std::size_t count, time_point deadline) {
  std::unique_lock lock(state_->mutex);
  const std::size_t wanted = state_->seen.refused[code] + count;
  return state_->changed.wait_until(lock, std::chrono::steady_clock::time_point(deadline.time_since_epoch()),
                                    [&] { return state_->seen.refused[code] >= wanted; });
}

bool load::finish(time_point deadline) {
  std::unique_lock lock(state_->mutex);
  state_->finishing = true;
  state_->nudge();
  return state_->changed.wait_until(lock, std::chrono::steady_clock::time_point(deadline.time_since_epoch()),
                                    [&] { return state_->finished; });
}

} // namespace outsize::faults
