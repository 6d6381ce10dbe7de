#include "daemon.hpp"

#include "host/blob/blob_service.hpp"
#include "host/daemon/journal.hpp"
#include "host/daemon/node_parts.hpp"
#include "host/daemon/runtime.hpp"
#include "host/daemon/signals.hpp"
#include "host/node/node.hpp"
#include "host/storage/data_dir.hpp"
#include "host/storage/rocksdb_store.hpp"

#include <outsize/abi/host.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <malloc.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace outsize::host {
namespace {

constexpr int info = static_cast<int>(OUTSIZE_LOG_INFO);
constexpr int warn = static_cast<int>(OUTSIZE_LOG_WARN);
constexpr int failure = static_cast<int>(OUTSIZE_LOG_ERROR);

/// A share of the log server's budget, within what RocksDB works well with.
constexpr std::uint64_t memtable_bytes(std::uint64_t budget) {
  return std::clamp<std::uint64_t>(budget / 8, 4 * wire::mib, 64 * wire::mib);
}

/// A thousand links must not end at the usual soft limit of 1,024 descriptors.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit); // refused: the soft limit it is
  }
}

/// What large messages took goes back to the system when they are gone. By itself glibc raises these to 32 and 64 MiB
/// with the largest block that was freed, and keeps as much on the heap of each thread.
void keep_little_freed_memory() {
  constexpr int mapped_from_bytes = 4 * wire::mib;
  constexpr int kept_bytes = 8 * wire::mib;
  ::mallopt(M_MMAP_THRESHOLD, mapped_from_bytes);
  ::mallopt(M_TRIM_THRESHOLD, kept_bytes);
}

/// Waits until a descriptor is readable or `until` has come.
void wait_for(std::vector<pollfd> &descriptors, time_point until) {
  timespec left{};
  if (until != never) {
    const duration wait = std::max(duration::zero(), until - steady_now());
    left.tv_sec = static_cast<time_t>(wait.count() / 1'000'000'000);
    left.tv_nsec = static_cast<long>(wait.count() % 1'000'000'000);
  }
  ::ppoll(descriptors.data(), descriptors.size(), until == never ? nullptr : &left, nullptr); // the loop looks anyway
}

class daemon_process {
public:
  daemon_process(const config &from, const preparation &with)
      : config_(from), with_(with), journal_(from.node.name.value, from.node.log_level.value),
        runtime_([this](int level, const std::string &line) { journal_.write(level, line); }) {}

  int run() {
    if (result<void> started = start(); !started) {
      journal_.write(failure, fmt::format("event=start_failed {}", to_line(to_problem(started.error()))));
      return exit_failed;
    }
    drive();
    if (fatal_.has_value()) {
      journal_.write(failure, fmt::format("event=fatal {}", to_line(to_problem(*fatal_))));
      return exit_failed;
    }
    journal_.write(info, "event=stopped");
    return exit_done;
  }

private:
  result<void> start() {
    raise_descriptor_limit();
    keep_little_freed_memory();
    result<stop_signals> signals = stop_signals::open(); // before RocksDB starts its threads
    if (!signals) {
      return std::move(signals).error();
    }
    signals_.emplace(std::move(*signals));
    if (result<void> opened = open_stores(); !opened) {
      return opened;
    }
    node_options options = options_from(config_, with_);
    complete(options);
    if (result<void> opened = open_plugins(config_, with_, runtime_.table(), options); !opened) {
      return opened;
    }
    if (result<void> opened = open_blobs(options); !opened) {
      return opened;
    }
    node_.emplace(std::move(options));
    result<void> started = node_->start(steady_now());
    return started ? std::move(started) : placed(std::move(started).error());
  }

  /// Where the listener stands that an error speaks of.
  error placed(error why) const {
    for (const transport_config &transport : config_.transports) {
      if (!transport.listen.value.empty() && why.text.find(transport.listen.value) != std::string::npos) {
        why.peer = fmt::format("transport.listen at {}", transport.listen.where.text());
      }
    }
    return why;
  }

  result<void> open_stores() {
    const std::string &path = config_.node.data_dir.value;
    std::error_code ignored; // data_dir::open says what is wrong with the folder, whatever it is
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    result<data_dir> opened = data_dir::open(path, config_.node.name.value, {});
    if (!opened) {
      error why = std::move(opened).error();
      why.peer = fmt::format("node.data-dir at {}", config_.node.data_dir.where.text());
      return why;
    }
    directory_.emplace(std::move(*opened));
    rocksdb_options options;
    options.directory = directory_->store_path();
    options.memtable_bytes = memtable_bytes(config_.log_server.memory_budget.value);
    result<std::unique_ptr<rocksdb_store>> store = rocksdb_store::open(options);
    if (!store) {
      return std::move(store).error();
    }
    store_ = std::move(*store);
    return {};
  }

  result<void> open_blobs(node_options &options) {
    if (config_.blob_stores.empty()) {
      return {};
    }
    result<std::vector<blob_source>> stores = open_blob_stores(config_, with_, runtime_.table());
    if (!stores) {
      return std::move(stores).error();
    }
    blob_service_options how;
    how.now = &steady_now;
    how.log = options.log;
    result<std::unique_ptr<blob_service>> started = blob_service::start(*std::move(stores), std::move(how));
    if (!started) {
      return std::move(started).error();
    }
    blobs_ = *std::move(started);
    options.blobs = blobs_.get();
    return {};
  }

  void complete(node_options &options) {
    options.cluster = directory_->cluster();
    options.entries = &store_->entries();
    options.values = &store_->values();
    options.random = &random_bits;
    options.wall_ms = &wall_clock_ms;
    options.log = [this](int level, const std::string &line) { journal_.write(level, line); };
    options.on_cluster = [this](const wire::cluster_id &cluster) { return directory_->set_cluster(cluster); };
    options.on_fatal = [this](const error &why) {
      if (!fatal_.has_value()) {
        fatal_ = why;
      }
    };
  }

  void drive() {
    std::vector<pollfd> descriptors{{signals_->fd(), POLLIN, 0}};
    for (const int fd : node_->event_fds()) {
      descriptors.push_back({fd, POLLIN, 0});
    }
    bool said_ready = false;
    while (!fatal_.has_value() && !node_->drained()) {
      const time_point next = node_->poll(steady_now());
      if (!said_ready && node_->ready()) {
        said_ready = true;
        say_ready();
      }
      if (!fatal_.has_value() && !node_->drained()) {
        wait_for(descriptors, next);
        if (descriptors.front().revents != 0) {
          handle_signals();
        }
      }
    }
  }

  void handle_signals() {
    while (const int signal = signals_->take()) {
      if (std::exchange(draining_, true)) {
        continue;
      }
      journal_.write(info, fmt::format("event=draining signal={}", signal));
      node_->begin_drain(steady_now());
    }
  }

  void say_ready() {
    const std::string listens = fmt::format("{}", fmt::join(node_->bound(), ","));
    std::fputs(fmt::format("ready node={} listen={}\n", config_.node.name.value, listens).c_str(), stdout);
    if (std::fflush(stdout) != 0) {
      journal_.write(warn, "event=ready_unsaid stdout is closed");
    }
    journal_.write(info, fmt::format("event=ready listen={}", listens));
  }

  const config &config_;
  const preparation &with_;
  journal journal_;
  runtime runtime_;
  std::optional<stop_signals> signals_;
  std::optional<data_dir> directory_;
  std::unique_ptr<rocksdb_store> store_;
  std::unique_ptr<blob_service> blobs_;
  std::optional<error> fatal_;
  bool draining_ = false;
  std::optional<node> node_; // last: it is the first to go
};

} // namespace

int run_daemon(const config &from, const preparation &with) {
  return daemon_process(from, with).run();
}

} // namespace outsize::host
