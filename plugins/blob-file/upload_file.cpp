#include "upload_file.hpp"

#include "folder_names.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace outsize::blob_file {
namespace {

/// Names are random, so a second try is rare; more than a few means that something else is wrong.
constexpr int tries_max = 16;

std::string name_of(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

std::chrono::nanoseconds modified_at(const struct stat &facts) {
  return std::chrono::seconds(facts.st_mtim.tv_sec) + std::chrono::nanoseconds(facts.st_mtim.tv_nsec);
}

bool lock(const descriptor &file) {
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0;
}

} // namespace

upload_file::upload_file(upload_file &&other) noexcept
    : uploads_(other.uploads_), name_(std::exchange(other.name_, {})), file_(std::move(other.file_)) {}

upload_file &upload_file::operator=(upload_file &&other) noexcept {
  std::swap(uploads_, other.uploads_);
  std::swap(name_, other.name_);
  std::swap(file_, other.file_);
  return *this;
}

upload_file::~upload_file() {
  if (!name_.empty()) {
    const int kept = errno;
    ::unlinkat(uploads_, name_.c_str(), 0);
    errno = kept;
  }
}

upload_file upload_file::make(const place &in, const std::function<std::uint64_t()> &random) {
  for (int tries = 0; tries < tries_max; ++tries) {
    upload_file made;
    const std::string name = name_of(random());
    made.file_ =
        descriptor(::openat(in.uploads(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!made.file_.is_open()) {
      if (errno == EEXIST) {
        continue;
      }
      return {};
    }
    made.uploads_ = in.uploads();
    made.name_ = name;
    // Between open and lock another process may have taken the file for a leftover.
    if (lock(made.file_)) {
      if (made.has_name()) {
        return made;
      }
      made.name_.clear(); // it is gone, and the name may be another's by now
    } else if (errno != EWOULDBLOCK) {
      return {};
    }
  }
  errno = EAGAIN;
  return {};
}

bool upload_file::write(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file_.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno != EINTR) {
      return false;
    }
    bytes = bytes.subspan(wrote < 0 ? 0 : static_cast<std::size_t>(wrote));
  }
  return true;
}

bool upload_file::sync() {
  return ::fsync(file_.get()) == 0;
}

bool upload_file::link_as(int folder, const std::string &name) {
  return ::linkat(uploads_, name_.c_str(), folder, name.c_str(), 0) == 0;
}

bool upload_file::has_name() const {
  struct stat facts{};
  return ::fstat(file_.get(), &facts) == 0 && facts.st_nlink > 0;
}

std::chrono::nanoseconds upload_file::modified() const {
  struct stat facts{};
  return ::fstat(file_.get(), &facts) == 0 ? modified_at(facts) : std::chrono::nanoseconds{};
}

leftovers remove_leftovers(const place &in, std::chrono::nanoseconds now, std::chrono::nanoseconds age_min) {
  leftovers removed;
  const std::optional<std::vector<std::string>> names = names_in(in.uploads());
  for (const std::string &name : names.value_or(std::vector<std::string>{})) {
    const descriptor file(::openat(in.uploads(), name.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat facts{};
    if (!file.is_open() || !lock(file) || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode) ||
        now - modified_at(facts) < age_min) {
      continue;
    }
    if (::unlinkat(in.uploads(), name.c_str(), 0) == 0) {
      ++removed.files;
      removed.bytes += static_cast<std::uint64_t>(facts.st_size);
    }
  }
  return removed;
}

} // namespace outsize::blob_file
