// Fills a disk of 32 MiB of its own, makes room, and goes on: the other half of full_disk_test.cpp, a process of its
// own because the disk is a mount that only it sees. Exit 0: all went as it must; 77: mounting is not permitted here.
// Usage: blob-file-full-disk PLUGIN EMPTY_DIRECTORY
#include <outsize/suite/blob_verbs.hpp>
#include <outsize/suite/loaded_module.hpp>
#include <outsize/suite/own_disk.hpp>
#include <outsize/suite/test_host.hpp>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

using namespace outsize;

namespace {

constexpr std::uint64_t mib = 1U << 20U;

[[noreturn]] void fail(const std::string &what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

void check(bool holds, const std::string &what) {
  if (!holds) {
    fail(what);
  }
}

bool is_full(const result<void> &outcome) {
  return !outcome.has_value() && outcome.error().code == code::disk_full;
}

result<void> put(blob_store_handle &store, const std::string &key, std::uint64_t bytes) {
  return suite::put_blob(store, key, suite::blob_noise(bytes, 1), bytes);
}

std::size_t uploads_in(const std::string &directory) {
  const std::filesystem::directory_iterator uploads(directory + "/uploads");
  return static_cast<std::size_t>(std::distance(uploads, std::filesystem::directory_iterator()));
}

std::unique_ptr<blob_store_handle> open_store(const char *plugin, const std::string &directory,
                                              const suite::test_host &host) {
  const auto module = suite::load_module(plugin);
  check(module.has_value(), "cannot load the plugin");
  const outsize_component &component = *suite::find_component(**module, OUTSIZE_BLOB_STORE_KIND, "");
  const auto params = suite::param_set::make(component, {{"directory", directory}, {"reserve", "4MiB"}});
  auto made = blob_store_handle::open(static_cast<const outsize_blob_store_api *>(component.api),
                                      {host.table(), params->values()});
  check(made.has_value(), made ? "" : made.error().text);
  return *std::move(made);
}

/// Somebody else takes the room while an upload is on its way.
void fill_under_an_upload(blob_store_handle &store, const std::string &disk) {
  auto upload = store.begin({}, "cut", 16 * mib);
  check(upload.has_value(), "an upload that fits was refused");
  check(upload->chunk({}, suite::blob_noise(mib, 1)).has_value(), "the first MiB of an upload was refused");
  check(suite::write_ballast(disk + "/more", 14 * mib), "cannot write the ballast");
  result<void> took;
  for (int i = 0; i < 15 && took; ++i) {
    took = upload->chunk({}, suite::blob_noise(mib, 1));
  }
  check(is_full(took), "a disk that became full was not told as disk_full");
  check(uploads_in(disk + "/blobs") == 0, "an upload that failed has left a file");
  check(!(*std::move(upload)).finish({}).has_value(), "an upload that failed was finished");
  check(store.stat({}, "cut").error().code == code::blob_missing, "an upload that failed is visible");
  std::filesystem::remove(disk + "/more");
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 3 || !suite::mount_own_disk(argv[2], 32)) {
    return argc == 3 ? suite::mounting_not_permitted : 2;
  }
  const std::string disk = argv[2];
  check(suite::write_ballast(disk + "/ballast", 10 * mib), "cannot write the ballast");
  const suite::test_host host;
  const auto store = open_store(argv[1], disk + "/blobs", host);
  check(put(*store, "first", mib).has_value(), "a blob that fits was refused");
  check(is_full(put(*store, "large", 18 * mib)), "a blob that does not fit beside the reserve was not refused");
  check(uploads_in(disk + "/blobs") == 0, "a blob that was refused early has left a file");

  fill_under_an_upload(*store, disk);

  for (int number = 0; put(*store, "fill/" + std::to_string(number), mib).has_value(); ++number) {
    check(number < 32, "the reserve was not left free");
  }
  check(is_full(put(*store, "more", mib)), "a full disk was not refused");
  check(*store->free_bytes() < mib, "a full disk says that it has room");
  std::filesystem::remove(disk + "/ballast");
  check(put(*store, "more", 8 * mib).has_value(), "the store did not go on when there was room again");
  check(suite::read_blob(*store, "first").value() == suite::blob_noise(mib, 1), "an older blob has changed");
  check(suite::read_blob(*store, "more").value() == suite::blob_noise(8 * mib, 1), "the new blob is not whole");
  return 0;
}
