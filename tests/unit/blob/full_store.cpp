// Fills a disk of 32 MiB of its own under a blob service, makes room, and goes on: the other half of
// blob_file_test.cpp, a process of its own because the disk is a mount that only it sees. Exit 0: all went as it must;
// 77: mounting is not permitted here. Usage: blob-full-store PLUGIN_FOLDER EMPTY_DIRECTORY
#include "unit/blob/support/file_service.hpp"

#include <outsize/suite/own_disk.hpp>

#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>

using namespace outsize;
using namespace outsize::host;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "%s\n", what);
  std::exit(1);
}

void check(bool holds, const char *what) {
  if (!holds) {
    fail(what);
  }
}

/// As a node's loop: a look that is due ends the wait.
void drive(blob_service &service, const std::function<bool()> &done, const char *what) {
  const time_point until = steady_now() + std::chrono::seconds(30);
  while (!done()) {
    check(steady_now() < until, what);
    pollfd readable{service.event_fd(), POLLIN, 0};
    ::poll(&readable, 1, 10);
    service.run_completions();
    service.on_time(steady_now());
  }
}

code put(blob_service &service, const std::string &key, std::uint64_t bytes) {
  std::optional<code> outcome;
  const upload_id upload = service.begin("archive", key, bytes);
  const buffer piece = buffer::copy_of(std::string(mib, 'x'));
  for (std::uint64_t at = 0; at < bytes; at += mib) {
    service.add(upload, rope(piece), [](const result<void> &) {});
  }
  service.finish(upload, [&](const result<void> &done) { outcome = done ? code::ok : done.error().code; });
  drive(service, [&] { return outcome.has_value(); }, "a put was not answered");
  return *outcome;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3 || !suite::mount_own_disk(argv[2], 32)) {
    return argc == 3 ? suite::mounting_not_permitted : 2;
  }
  const std::string disk = argv[2];
  blob_service_options how;
  how.looks.look_every = std::chrono::milliseconds(20);
  test::file_service files(argv[1], disk + "/blobs", "4MiB", std::move(how));
  blob_service &service = *files.service;
  const auto state_is = [&](std::uint32_t state) {
    return [&service, state] { return service.facts().front().state == state; };
  };
  const wire::cluster_id cluster{7};
  service.expect("archive", {true, cluster, std::nullopt});
  drive(service, [&] { return service.facts().front().lacks_marker; }, "the store was not looked at");
  service.write_marker("archive", {"00", to_hex(cluster), "archive"}, [](const result<void> &) {});
  drive(service, [&] { return service.facts().front().marker.has_value(); }, "the marker was not made");
  service.expect("archive", {true, cluster, "00"});
  drive(service, state_is(OUTSIZE_BLOB_STORE_READY), "the store did not become ready");

  check(put(service, "7/0/1-1", 4 * mib) == code::ok, "a blob that fits was refused");
  check(put(service, "7/0/1-2", 28 * mib) == code::disk_full, "a blob that does not fit was not refused");
  drive(service, state_is(OUTSIZE_BLOB_STORE_READY), "a store with room for smaller blobs did not become ready");
  check(service.states().front().free_bytes < 28 * mib, "policies are not told what is free");

  check(suite::write_ballast(disk + "/ballast", 25 * mib), "cannot write the ballast");
  drive(service, state_is(OUTSIZE_BLOB_STORE_FULL), "a disk without room is not known to be full");
  check(service.states().front().free_bytes == 0, "a full store has free bytes");
  check(put(service, "7/0/1-3", mib) == code::disk_full, "a full store took a blob");

  std::filesystem::remove(disk + "/ballast");
  drive(service, state_is(OUTSIZE_BLOB_STORE_READY), "the store did not go on when there was room");
  check(put(service, "7/0/1-4", 8 * mib) == code::ok, "a blob was refused when there was room again");
  return 0;
}
