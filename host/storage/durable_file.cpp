#include "host/storage/durable_file.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>
#include <utility>

namespace outsize::host {
namespace {

error file_error(const std::string &path, int number) {
  const auto value = number == EACCES || number == EPERM || number == EROFS ? code::permission_denied
                     : number == ENOSPC                                     ? code::disk_full
                                                                            : code::storage_failed;
  return make_error(value, fmt::format("{}: {}", path, std::strerror(number)));
}

/// An open file, closed at the end of its scope.
class open_file {
public:
  open_file(const std::string &path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~open_file() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  open_file(const open_file &) = delete;
  open_file &operator=(const open_file &) = delete;
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno != EINTR) {
      return false;
    }
    bytes.remove_prefix(wrote < 0 ? 0 : static_cast<std::size_t>(wrote));
  }
  return true;
}

result<void> write_durably(const std::string &path, std::string_view bytes) {
  const open_file file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open() || !write_all(file.fd(), bytes) || fsync(file.fd()) != 0) {
    return file_error(path, errno);
  }
  return {};
}

} // namespace

result<std::optional<std::string>> read_file(const std::string &path) {
  const open_file file(path, O_RDONLY);
  if (!file.is_open()) {
    return errno == ENOENT ? result<std::optional<std::string>>(std::nullopt) : file_error(path, errno);
  }
  std::string text;
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t got = read(file.fd(), bytes.data(), bytes.size());
    if (got < 0 && errno != EINTR) {
      return file_error(path, errno);
    }
    if (got == 0) {
      return std::optional<std::string>(std::move(text));
    }
    text.append(bytes.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
  }
}

result<void> replace_file(const std::string &path, std::string_view bytes) {
  const std::string temporary = path + temporary_suffix;
  if (auto written = write_durably(temporary, bytes); !written) {
    return written;
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return file_error(path, errno);
  }
  return sync_directory(std::filesystem::path(path).parent_path().string());
}

result<void> sync_directory(const std::string &path) {
  const std::string folder = path.empty() ? "." : path;
  const open_file directory(folder, O_RDONLY | O_DIRECTORY);
  if (!directory.is_open() || fsync(directory.fd()) != 0) {
    return file_error(folder, errno);
  }
  return {};
}

} // namespace outsize::host
