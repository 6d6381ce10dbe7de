#include "record_source.hpp"

#include "host/cli/file_error.hpp"
#include "host/cli/interrupt.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
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

struct mapping {
  void *address;
  std::size_t bytes;
  std::atomic<std::uint64_t> references{1};
};

result<rope> mapped(const std::string &file, int fd, std::uint64_t bytes) {
  void *const address = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
  if (address == MAP_FAILED) { // NOLINT: the macro casts
    return file_error(file, "mapped", errno);
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
      return file_error(file, "read", errno);
    }
    have += count < 0 ? 0 : static_cast<std::uint64_t>(count);
  }
  made.set_size(have);
  return rope(std::move(made).freeze());
}

result<rope> payload_of_descriptor(const std::string &file, int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return file_error(file, "looked at", errno);
  }
  if (S_ISDIR(status.st_mode)) {
    return file_error(file, "read", EISDIR);
  }
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  return bytes > read_bytes_max ? mapped(file, fd, bytes) : read_whole(file, fd, bytes);
}

std::string spool_folder() {
  const char *const folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

result<void> write_all(int fd, const char *data, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t count = ::write(fd, data, bytes);
    if (count < 0 && errno != EINTR) {
      return file_error(spool_folder(), "used to spool stdin", errno);
    }
    data += count < 0 ? 0 : count;
    bytes -= count < 0 ? 0 : static_cast<std::size_t>(count);
  }
  return {};
}

/// A file without a name; it is gone with its last descriptor or mapping.
result<descriptor> spool_file() {
  std::string name = spool_folder() + "/outsize-XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) {
    return file_error(spool_folder(), "used to spool stdin", errno);
  }
  ::unlink(name.c_str());
  return descriptor(fd);
}

error stopped_or(const std::string &file, std::string_view what, int number) {
  return number == EINTR ? make_error(code::interrupted, fmt::format("interrupted while \"{}\" was {}", file, what))
                         : file_error(file, what, number);
}

/// Waits until there is something to read, or its end; false when interrupted. It looks now and then by itself: a
/// signal that comes just before a blocking read would not end it.
bool wait_for_bytes(int fd, const meanwhile &go_on) {
  constexpr auto look = std::chrono::milliseconds(20);
  auto wait_for = std::chrono::milliseconds(0);
  while (!interrupted() && go_on(wait_for)) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, 0) > 0) {
      return true;
    }
    wait_for = look;
  }
  return false;
}

/// Read up to its end before anything is sent: an append says its length first. An empty one needs no spool file.
result<rope> spooled(const std::string &file, int from, const meanwhile &go_on) {
  std::optional<descriptor> spool;
  const auto chunk = std::make_unique<char[]>(spool_chunk_bytes);
  for (;;) {
    if (!wait_for_bytes(from, go_on)) {
      return stopped_or(file, "read", EINTR);
    }
    const ssize_t count = ::read(from, chunk.get(), spool_chunk_bytes);
    if (count == 0) {
      break;
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN) && !interrupted()) {
      continue;
    }
    if (count < 0) {
      return stopped_or(file, "read", errno);
    }
    if (!spool.has_value()) {
      result<descriptor> made = spool_file();
      if (!made) {
        return std::move(made).error();
      }
      spool.emplace(std::move(*made));
    }
    if (result<void> written = write_all(spool->get(), chunk.get(), static_cast<std::size_t>(count)); !written) {
      return std::move(written).error();
    }
  }
  if (!spool.has_value()) {
    return rope();
  }
  ::lseek(spool->get(), 0, SEEK_SET);
  return payload_of_descriptor(file, spool->get());
}

/// Has a size that says how much there is to read. Files of /proc say 0 and hold something, pipes and terminals too.
bool knows_its_size(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && (S_ISDIR(status.st_mode) || (S_ISREG(status.st_mode) && status.st_size > 0));
}

/// From where stdin stands: a shell may have read some of the file before.
bool stands_at_its_beginning(int fd) {
  return ::lseek(fd, 0, SEEK_CUR) == 0;
}

} // namespace

result<rope> payload_of(const std::string &file, const meanwhile &go_on) {
  if (file == "-") {
    const bool is_file = knows_its_size(STDIN_FILENO) && stands_at_its_beginning(STDIN_FILENO);
    return is_file ? payload_of_descriptor("stdin", STDIN_FILENO) : spooled("stdin", STDIN_FILENO, go_on);
  }
  // A named pipe that nobody writes into yet opens at once, and is waited for like one whose writer is silent.
  const descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (opened.get() < 0) {
    return stopped_or(file, "opened", errno);
  }
  return knows_its_size(opened.get()) ? payload_of_descriptor(file, opened.get()) : spooled(file, opened.get(), go_on);
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
