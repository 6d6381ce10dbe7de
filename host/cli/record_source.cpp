#include "record_source.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

namespace outsize::host {
namespace {

constexpr std::size_t spool_chunk_bytes = 256 * 1024;

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor &operator=(descriptor &&) = delete;
  ~descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

error failed(const std::string &file, std::string_view what, int why) {
  const bool is_forbidden = why == EACCES || why == EPERM;
  return make_error(is_forbidden ? code::permission_denied : code::invalid_argument,
                    fmt::format("{} cannot be {}: {}", file, what, std::strerror(why)),
                    is_forbidden ? "correct the file's owner or mode" : "check the path");
}

struct mapping {
  void *address;
  std::size_t bytes;
  std::atomic<std::uint64_t> references{1};
};

result<rope> mapped(const std::string &file, int fd, std::uint64_t bytes) {
  void *const address = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) { // NOLINT: the macro casts
    return failed(file, "mapped", errno);
  }
  ::madvise(address, bytes, MADV_SEQUENTIAL);
  outsize_part part{};
  part.data = static_cast<const std::uint8_t *>(address);
  part.size = bytes;
  part.owner = new mapping{address, static_cast<std::size_t>(bytes)};
  part.retain = [](void *owner) { static_cast<mapping *>(owner)->references.fetch_add(1, std::memory_order_relaxed); };
  part.release = [](void *owner) {
    auto *const self = static_cast<mapping *>(owner);
    if (self->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      ::munmap(self->address, self->bytes);
      delete self;
    }
  };
  return rope(buffer::adopt(part));
}

result<rope> read_whole(const std::string &file, int fd, std::uint64_t bytes) {
  writable_buffer made(bytes);
  std::uint64_t have = 0;
  while (have < bytes) {
    const ssize_t count = ::read(fd, made.data() + have, bytes - have);
    if (count == 0) {
      break; // shorter than it was a moment ago
    }
    if (count < 0 && errno != EINTR) {
      return failed(file, "read", errno);
    }
    have += count < 0 ? 0 : static_cast<std::uint64_t>(count);
  }
  made.set_size(have);
  return rope(std::move(made).freeze());
}

result<rope> payload_of_descriptor(const std::string &file, int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return failed(file, "looked at", errno);
  }
  if (S_ISDIR(status.st_mode)) {
    return failed(file, "read", EISDIR);
  }
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  return bytes > read_bytes_max ? mapped(file, fd, bytes) : read_whole(file, fd, bytes);
}

result<void> write_all(int fd, const char *data, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t count = ::write(fd, data, bytes);
    if (count < 0 && errno != EINTR) {
      return failed("the spool file in TMPDIR", "written", errno);
    }
    data += count < 0 ? 0 : count;
    bytes -= count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  return {};
}

/// A file without a name; it is gone with its last descriptor or mapping.
result<descriptor> spool_file() {
  const char *const folder = std::getenv("TMPDIR");
  std::string name = fmt::format("{}/outsize-XXXXXX", folder == nullptr ? "/tmp" : folder);
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) {
    return failed(name, "created", errno);
  }
  ::unlink(name.c_str());
  return descriptor(fd);
}

result<rope> spooled(int from) {
  result<descriptor> spool = spool_file();
  if (!spool) {
    return std::move(spool).error();
  }
  const auto chunk = std::make_unique<char[]>(spool_chunk_bytes);
  for (;;) {
    const ssize_t count = ::read(from, chunk.get(), spool_chunk_bytes);
    if (count == 0) {
      break;
    }
    if (count < 0) {
      return errno == EINTR ? make_error(code::interrupted, "interrupted while stdin was read")
                            : failed("stdin", "read", errno);
    }
    if (result<void> written = write_all(spool->get(), chunk.get(), static_cast<std::size_t>(count)); !written) {
      return std::move(written).error();
    }
  }
  ::lseek(spool->get(), 0, SEEK_SET);
  return payload_of_descriptor("stdin", spool->get());
}

} // namespace

result<rope> payload_of(const std::string &file) {
  if (file == "-") {
    return spooled(STDIN_FILENO);
  }
  const descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0) {
    return failed(file, "opened", errno);
  }
  struct stat status{};
  if (::fstat(opened.get(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))) {
    return spooled(opened.get());
  }
  return payload_of_descriptor(file, opened.get());
}

void explain_shrinking_files() {
  std::signal(SIGBUS, [](int) {
    constexpr std::string_view text =
        "invalid_argument: a file became shorter while it was being appended (leave files "
        "alone until the command has ended)\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(1);
  });
}

} // namespace outsize::host
