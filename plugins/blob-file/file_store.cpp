#include "file_store.hpp"

#include "blob_facts.hpp"
#include "file_error.hpp"
#include "file_put.hpp"
#include "key_path.hpp"
#include "listing.hpp"
#include "upload_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace outsize::blob_file {
namespace {

constexpr const char *component = "blob-file";
/// Bytes read between two looks at the deadline.
constexpr std::size_t read_step_bytes = 1U << 20U;
constexpr std::int64_t seconds = 1'000'000'000;

struct opened_blob {
  descriptor file; ///< not open: errno says why
  blob_info info;
};

opened_blob open_blob(const folder_tree &tree, const key_path &path) {
  const descriptor folder = tree.open(path.folders);
  if (!folder.is_open()) {
    return {};
  }
  // O_NONBLOCK: a pipe that somebody put there must not hold us up.
  descriptor file(::openat(folder.get(), path.file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat facts{};
  if (!file.is_open() || ::fstat(file.get(), &facts) != 0) {
    return {};
  }
  if (!S_ISREG(facts.st_mode)) {
    errno = EISDIR; // something else in the place of a file
    return {};
  }
  return {std::move(file), info_of(facts)};
}

/// True when a blob, or anything else, has that name already.
bool is_taken(const descriptor &folder, const std::string &name) {
  return ::faccessat(folder.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// Goes through what a put goes through, so that a directory that cannot be used is found at the start and not by the
/// first record.
result<std::chrono::nanoseconds> prove(const place &in, const std::function<std::uint64_t()> &random) {
  const std::array<std::uint8_t, 1> byte{};
  upload_file first = upload_file::make(in, random);
  if (!first.is_open() || !first.write(byte) || !first.sync()) {
    return file_error(during::writing, errno, in.path() + ": a file in its uploads cannot be made and locked");
  }
  const std::string second_name = "second-" + std::to_string(random());
  if (!first.link_as(in.uploads(), second_name)) {
    return file_error(during::writing, errno, in.path() + ": its file system gives no second name to a file");
  }
  ::unlinkat(in.uploads(), second_name.c_str(), 0);
  return first.modified();
}

} // namespace

std::span<const outsize_param> file_store::params() {
  static constexpr std::array table = {
      param::path("directory", nullptr, "Where the blobs are; made when it is missing."),
      param::bytes("reserve", "512MiB", "Bytes of the disk that uploads leave free.", 0, 0),
      param::duration("leftover-age", "10m",
                      "Uploads of dead processes that nobody has written to for so long are removed at the start.", 0,
                      365L * 24 * 3600 * seconds),
  };
  return table;
}

result<std::unique_ptr<blob_store>> file_store::create(const blob_store_setup &setup) {
  result<place> opened = place::open(std::string(setup.params.text("directory")));
  if (!opened) {
    return std::move(opened).error();
  }
  const auto now = prove(*opened, [&] { return setup.host.random(); });
  if (!now) {
    return now.error();
  }
  const leftovers removed = remove_leftovers(*opened, *now, setup.params.duration("leftover-age"));
  if (removed.files != 0) {
    setup.host.log(OUTSIZE_LOG_INFO, component,
                   "removed " + std::to_string(removed.files) + " unfinished uploads of dead processes, " +
                       std::to_string(removed.bytes) + " bytes, from " + opened->path());
  }
  return std::unique_ptr<blob_store>(
      std::make_unique<file_store>(setup.host, *std::move(opened), setup.params.bytes("reserve")));
}

file_store::file_store(host_services host, place in, std::uint64_t reserve_bytes)
    : host_(host), place_(std::move(in)), tree_(place_.blobs()), space_(place_.uploads(), reserve_bytes) {}

result<std::unique_ptr<blob_put>> file_store::begin(const blob_call &call, std::string_view key, std::uint64_t size) {
  if (result<void> on = place_.named(key, call.check(host_.now())); !on) {
    return std::move(on).error();
  }
  if (result<void> present = place_.named(key, place_.check_present()); !present) {
    return std::move(present).error();
  }
  const std::string subject = place_.subject(key);
  const key_path path = path_of(key);
  const descriptor folder = tree_.make(path.folders);
  if (!folder.is_open()) {
    return file_error(during::writing, errno, subject);
  }
  if (is_taken(folder, path.file)) {
    return make_error(code::blob_exists, subject + ": there is one already, and blobs are never replaced");
  }
  result<claim> room = space_.take(size, subject);
  if (!room) {
    return std::move(room).error();
  }
  upload_file file = upload_file::make(place_, [&] { return host_.random(); });
  if (!file.is_open()) {
    return file_error(during::writing, errno, subject);
  }
  return std::unique_ptr<blob_put>(std::make_unique<file_put>(
      host_, place_, tree_, file_put::announced{std::string(key), size}, *std::move(room), std::move(file)));
}

result<std::uint64_t> file_store::get(const blob_call &call, std::string_view key, std::uint64_t from,
                                      std::span<std::uint8_t> into) {
  if (result<void> on = place_.named(key, call.check(host_.now())); !on) {
    return std::move(on).error();
  }
  const opened_blob blob = open_blob(tree_, path_of(key));
  if (!blob.file.is_open()) {
    return read_error(key);
  }
  std::uint64_t got = 0;
  while (got < into.size() && from < blob.info.size && got < blob.info.size - from) {
    const auto step = into.subspan(got, std::min<std::size_t>(into.size() - got, read_step_bytes));
    const ssize_t count = ::pread(blob.file.get(), step.data(), step.size(), static_cast<off_t>(from + got));
    if (count == 0) {
      break;
    }
    if (count < 0 && errno != EINTR) {
      return read_error(key);
    }
    got += count < 0 ? 0 : static_cast<std::uint64_t>(count);
    if (result<void> on = place_.named(key, call.check(host_.now())); !on) {
      return std::move(on).error();
    }
  }
  return got;
}

result<blob_info> file_store::stat(const blob_call &call, std::string_view key) {
  if (result<void> on = place_.named(key, call.check(host_.now())); !on) {
    return std::move(on).error();
  }
  const opened_blob blob = open_blob(tree_, path_of(key));
  return blob.file.is_open() ? result<blob_info>(blob.info) : read_error(key);
}

result<void> file_store::list(const blob_call &call, std::string_view prefix, const on_key &tell) {
  const std::function<result<void>()> go_on = [&] { return place_.named(prefix, call.check(host_.now())); };
  if (result<void> on = go_on(); !on) {
    return on;
  }
  if (result<void> present = place_.check_present(); !present) {
    return present;
  }
  return listing(place_, tree_, prefix, tell, go_on).run();
}

result<void> file_store::remove(const blob_call &call, std::string_view key) {
  if (result<void> on = place_.named(key, call.check(host_.now())); !on) {
    return on;
  }
  const key_path path = path_of(key);
  const descriptor folder = tree_.open(path.folders);
  if (!folder.is_open() || ::unlinkat(folder.get(), path.file.c_str(), 0) != 0) {
    return read_error(key);
  }
  return {};
}

error file_store::read_error(std::string_view key) const {
  const int number = errno;
  if (result<void> present = place_.named(key, place_.check_present()); number == ENOENT && !present) {
    return std::move(present).error();
  }
  return file_error(during::reading, number, place_.subject(key));
}

} // namespace outsize::blob_file
