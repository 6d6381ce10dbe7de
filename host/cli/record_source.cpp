#include "record_source.hpp"

#include "host/cli/file_error.hpp"
#include "host/cli/interrupt.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace outsize::host {
namespace {

constexpr std::size_t spool_chunk_bytes = 256 * 1024;

error changed_size(const std::string &file, std::string_view now) {
  error made = make_error(code::invalid_argument,
                          fmt::format("\"{}\" became {} while it was being appended; it is not in the log", file, now),
                          "leave files alone until the command has ended");
  made.peer = file;
  return made;
}

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

/// Up to `bytes` bytes from position `from` on; fewer at the file's end.
result<buffer> read_at(const std::string &file, int fd, std::uint64_t from, std::uint64_t bytes) {
  writable_buffer made(bytes);
  std::uint64_t have = 0;
  while (have < bytes) {
    const ssize_t count = ::pread(fd, made.data() + have, bytes - have, static_cast<off_t>(from + have));
    if (count == 0) {
      break;
    }
    if (count < 0 && errno != EINTR) {
      return file_error(file, "read", errno);
    }
    have += count < 0 ? 0 : static_cast<std::uint64_t>(count);
  }
  made.set_size(have);
  return std::move(made).freeze();
}

result<std::uint64_t> size_of_file(const std::string &file, int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return file_error(file, "looked at", errno);
  }
  if (S_ISDIR(status.st_mode)) {
    return file_error(file, "read", EISDIR);
  }
  return static_cast<std::uint64_t>(status.st_size);
}

client::payload_source in_memory(buffer bytes) {
  client::payload_source made;
  made.bytes = bytes.size();
  made.read = [bytes = std::move(bytes)](std::uint64_t from, std::uint64_t count) {
    return result<rope>(bytes.slice(from, count));
  };
  return made;
}

/// Read piece by piece from a file that keeps its size.
client::payload_source on_disk(const std::string &file, const std::shared_ptr<descriptor> &opened,
                               std::uint64_t bytes) {
  client::payload_source made;
  made.bytes = bytes;
  made.read = [file, opened, bytes](std::uint64_t from, std::uint64_t count) -> result<rope> {
    result<buffer> piece = read_at(file, opened->get(), from, count);
    if (!piece) {
      return std::move(piece).error();
    }
    if (piece->size() < count) {
      return changed_size(file, "shorter");
    }
    if (from + count == bytes) { // the last one: whoever writes on has had the time of all of them
      const result<std::uint64_t> now = size_of_file(file, opened->get());
      if (!now) {
        return now.error();
      }
      if (*now > bytes) {
        return changed_size(file, "longer");
      }
    }
    return rope(std::move(*piece));
  };
  return made;
}

result<client::payload_source> source_of_descriptor(const std::string &file, descriptor opened) {
  const result<std::uint64_t> bytes = size_of_file(file, opened.get());
  if (!bytes) {
    return bytes.error();
  }
  if (*bytes > payload_in_memory_bytes_max) {
    return on_disk(file, std::make_shared<descriptor>(std::move(opened)), *bytes);
  }
  result<buffer> whole = read_at(file, opened.get(), 0, *bytes); // what there is: it says its length afterwards
  return whole ? result<client::payload_source>(in_memory(std::move(*whole)))
               : result<client::payload_source>(std::move(whole).error());
}

std::string spool_folder() {
  const char *const folder = std::getenv("TMPDIR");
  return folder == nullptr || *folder == '\0' ? "/tmp" : folder;
}

result<void> write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno != EINTR) {
      return file_error(spool_folder(), "used to spool stdin", errno);
    }
    bytes = bytes.subspan(count < 0 ? 0 : static_cast<std::size_t>(count));
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
  while (!interrupted() && go_on(fd, wait_for)) {
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, 0) > 0) {
      return true;
    }
    wait_for = look;
  }
  return false;
}

/// What came through a pipe so far: in memory while it is little, then in a spool file.
class spool {
public:
  result<void> add(std::span<const std::uint8_t> bytes) {
    if (!file_.has_value() && held_.size() + bytes.size() <= payload_in_memory_bytes_max) {
      held_.append(bytes);
      return {};
    }
    if (!file_.has_value()) {
      result<descriptor> made = spool_file();
      if (!made) {
        return std::move(made).error();
      }
      file_.emplace(std::move(*made));
      if (result<void> written = write_all(file_->get(), {held_.data(), held_.size()}); !written) {
        return written;
      }
      held_ = {};
    }
    return write_all(file_->get(), bytes);
  }

  result<client::payload_source> source(const std::string &file) && {
    return file_.has_value() ? source_of_descriptor(file, std::move(*file_)) : in_memory(std::move(held_).freeze());
  }

private:
  writable_buffer held_;
  std::optional<descriptor> file_;
};

/// Read up to its end before anything is sent: an append says its length first.
result<client::payload_source> spooled(const std::string &file, int from, const meanwhile &go_on) {
  spool all;
  std::vector<std::uint8_t> chunk(spool_chunk_bytes);
  for (;;) {
    if (!wait_for_bytes(from, go_on)) {
      return stopped_or(file, "read", EINTR);
    }
    const ssize_t count = ::read(from, chunk.data(), chunk.size());
    if (count == 0) {
      break;
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN) && !interrupted()) {
      continue;
    }
    if (count < 0) {
      return stopped_or(file, "read", errno);
    }
    if (result<void> kept = all.add({chunk.data(), static_cast<std::size_t>(count)}); !kept) {
      return std::move(kept).error();
    }
  }
  return std::move(all).source(file);
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

result<client::payload_source> source_of_file(const std::string &file, const meanwhile &go_on) {
  if (file == "-") {
    if (!knows_its_size(STDIN_FILENO) || !stands_at_its_beginning(STDIN_FILENO)) {
      return spooled("stdin", STDIN_FILENO, go_on);
    }
    descriptor own(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    return own.get() < 0 ? result<client::payload_source>(file_error("stdin", "opened", errno))
                         : source_of_descriptor("stdin", std::move(own));
  }
  // A named pipe that nobody writes into yet opens at once, and is waited for like one whose writer is silent.
  descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (opened.get() < 0) {
    return stopped_or(file, "opened", errno);
  }
  return knows_its_size(opened.get()) ? source_of_descriptor(file, std::move(opened))
                                      : spooled(file, opened.get(), go_on);
}

} // namespace outsize::host
