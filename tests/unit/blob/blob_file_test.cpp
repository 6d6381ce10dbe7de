#include "host/blob/blob_key.hpp"
#include "host/blob/part_digests.hpp"
#include "support/temp_dir.hpp"
#include "unit/blob/support/file_service.hpp"
#include "unit/blob/support/service_rig.hpp"

#include <outsize/suite/blob_verbs.hpp>
#include <outsize/wire/codec.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t part_bytes = 1 << 20;

blob_service_options looking_often() {
  blob_service_options how;
  how.looks.look_every = 5ms;
  return how;
}

/// Makes the marker of a fresh store, and says that the metadata knows it.
void mark(blob_service &service) {
  service.expect("archive", {true, wire::cluster_id{7}, std::nullopt});
  drive(service, [&] { return service.facts().front().lacks_marker; });
  later<void> marked;
  service.write_marker("archive", marker_of("archive"), marked.callback());
  drive(service, [&] { return marked.came(); });
  REQUIRE(marked.why() == code::ok);
  service.expect("archive", expectation_of("archive"));
  drive(service, [&] { return service.facts().front().state == OUTSIZE_BLOB_STORE_READY; });
}

wire::digest upload(blob_service &service, const std::string &key, const suite::blob_bytes &bytes) {
  wire::running_digest parts;
  const upload_id made = service.begin("archive", key, bytes.size());
  std::vector<later<void>> taken;
  for (std::size_t from = 0; from < bytes.size(); from += part_bytes) {
    const std::span<const std::uint8_t> part =
        std::span(bytes).subspan(from, std::min<std::size_t>(part_bytes, bytes.size() - from));
    const wire::digest one = wire::digest_of(part);
    parts.add(one);
    service.add(made, rope(buffer::copy_of(part)), taken.emplace_back().callback());
  }
  later<void> done;
  service.finish(made, done.callback());
  drive(service, [&] { return done.came(); });
  CHECK(done.why() == code::ok);
  for (const later<void> &one : taken) {
    CHECK(one.why() == code::ok);
  }
  return parts.value();
}

} // namespace

TEST_CASE("blob service with blob-file: what is put is read, listed and verified, and stays over a restart") {
  const temp_dir dir;
  const std::string key = blob_key({7, 0}, 1, 1);
  const suite::blob_bytes bytes = suite::blob_noise(5 * part_bytes / 2, 1);
  wire::digest parts{};
  {
    file_service files(BLOB_PLUGINS, dir / "blobs", "0B", looking_often());
    mark(*files.service);
    parts = upload(*files.service, key, bytes);
  }
  file_service files(BLOB_PLUGINS, dir / "blobs", "0B", looking_often());
  blob_service &service = *files.service;
  service.expect("archive", expectation_of("archive"));
  drive(service, [&] { return service.facts().front().state == OUTSIZE_BLOB_STORE_READY; });

  later<rope> got;
  service.get("archive", key, part_bytes - 10, 20, steady_now() + rig_patience, got.callback());
  later<blob_page> listed;
  service.list("archive", blob_prefix(7), "", 10, steady_now() + rig_patience, listed.callback());
  later<part_answer> digests;
  read_part_digests(service, {"archive", key, 0, part_bytes}, &steady_now, digests.callback());
  drive(service, [&] { return got.came() && listed.came() && digests.came(); });

  const buffer piece = got.outcome()->flatten();
  CHECK(std::equal(piece.span().begin(), piece.span().end(), bytes.begin() + part_bytes - 10));
  REQUIRE(listed.outcome()->blobs.size() == 1);
  CHECK(listed.outcome()->blobs.front().key == key);
  CHECK(listed.outcome()->blobs.front().bytes == bytes.size());
  wire::running_digest read;
  for (const wire::digest &part : digests.outcome()->digests) {
    read.add(part);
  }
  CHECK(read.value() == parts);
  CHECK(digests.outcome()->next == bytes.size());
}

TEST_CASE("blob service with blob-file: a directory that goes and comes back, and another one in its place") {
  const temp_dir dir;
  file_service files(BLOB_PLUGINS, dir / "blobs", "0B", looking_often());
  blob_service &service = *files.service;
  mark(service);
  upload(service, "7/0/1-1", suite::blob_noise(1000, 1));

  std::filesystem::rename(dir / "blobs", dir / "away");
  drive(service, [&] { return service.facts().front().state == OUTSIZE_BLOB_STORE_UNAVAILABLE; });
  later<rope> got;
  service.get("archive", "7/0/1-2", 0, 10, steady_now() + rig_patience, got.callback());
  drive(service, [&] { return got.came(); });
  CHECK(got.why() == code::blob_unavailable);

  std::filesystem::rename(dir / "away", dir / "blobs");
  drive(service, [&] { return service.facts().front().state == OUTSIZE_BLOB_STORE_READY; });

  file_service elsewhere(BLOB_PLUGINS, dir / "other", "0B", looking_often());
  elsewhere.service->expect("archive", expectation_of("archive"));
  drive(*elsewhere.service, [&] { return elsewhere.service->facts().front().state == OUTSIZE_BLOB_STORE_FOREIGN; });
}

TEST_CASE("blob service with blob-file: a full disk is known before a blob is refused, and the store goes on") {
  const temp_dir dir;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl(FULL_STORE, FULL_STORE, BLOB_PLUGINS, dir.path().c_str(), nullptr);
    ::_exit(127);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("mounting is not permitted here: a full disk is only tested by a store that says so");
  } else {
    CHECK(WEXITSTATUS(status) == 0);
  }
}
