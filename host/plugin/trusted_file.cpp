#include "trusted_file.hpp"

#include "refused.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

namespace outsize::host {
namespace {

constexpr mode_t writable_by_others = S_IWGRP | S_IWOTH;

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor &) = delete;
  descriptor &operator=(const descriptor &) = delete;
  ~descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

std::string reason_of(int number) {
  return std::system_category().message(number);
}

/// What is wrong with who may change the thing; `subject` begins the sentence.
std::optional<error> distrust(const struct stat &status, const std::string &subject, const std::string &path,
                              uid_t running_user) {
  if (status.st_uid != 0 && status.st_uid != running_user) {
    return refused(fmt::format("{} belongs to user {}, neither to root nor to user {}, who runs this", subject,
                               status.st_uid, running_user),
                   fmt::format("chown root {}", path));
  }
  const bool sticky_of_root = S_ISDIR(status.st_mode) && status.st_uid == 0 && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & writable_by_others) != 0 && !sticky_of_root) {
    return refused(fmt::format("{} is writable by others (mode {:04o})", subject, status.st_mode & 07777U),
                   fmt::format("chmod go-w {}", path));
  }
  return std::nullopt;
}

/// Checks every folder from the root down to the one that holds `file`.
std::optional<error> distrust_folders(const std::filesystem::path &file, uid_t running_user) {
  std::filesystem::path folder;
  for (const std::filesystem::path &name : file.parent_path()) {
    folder /= name;
    struct stat status{};
    if (::lstat(folder.c_str(), &status) != 0) {
      return refused(fmt::format("folder {}, above plugin file {}, cannot be looked at: {}", folder.string(),
                                 file.string(), reason_of(errno)),
                     "make the folder readable for this user");
    }
    const std::string subject = fmt::format("folder {}, above plugin file {},", folder.string(), file.string());
    if (std::optional<error> why = distrust(status, subject, folder.string(), running_user)) {
      return why;
    }
  }
  return std::nullopt;
}

/// Symbolic links above the file are followed here, once, so that the folders checked are the real ones.
result<std::filesystem::path> whole_path(const std::filesystem::path &path) {
  if (!path.is_absolute() || !path.has_filename()) {
    return refused(fmt::format("plugin path \"{}\" is not the absolute path of a file", path.string()),
                   "write the whole path, or the plugin's name with plugins.search-path set");
  }
  std::error_code failed;
  const std::filesystem::path folder = std::filesystem::canonical(path.parent_path(), failed);
  if (failed) {
    return refused(fmt::format("folder {} of plugin file {} cannot be opened: {}", path.parent_path().string(),
                               path.string(), failed.message()),
                   "correct the path");
  }
  return folder / path.filename();
}

result<std::vector<std::uint8_t>> read_all(int fd, const std::string &path) {
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 65536> chunk; // filled by read
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return refused(fmt::format("plugin file {} cannot be read: {}", path, reason_of(errno)), "check the disk");
    }
    if (got == 0) {
      return bytes;
    }
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
  }
}

result<std::string> sha256_of(const std::vector<std::uint8_t> &bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_bytes = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &digest_bytes, EVP_sha256(), nullptr) != 1) {
    return make_error(code::internal, "OpenSSL offers no SHA-256");
  }
  std::string hex;
  for (unsigned int i = 0; i < digest_bytes; ++i) {
    hex += fmt::format("{:02x}", digest[i]);
  }
  return hex;
}

error open_failed(const std::string &path, int number) {
  if (number == ELOOP) {
    return refused(fmt::format("plugin file {} is a symbolic link", path), "name the file it points to");
  }
  return refused(fmt::format("plugin file {} cannot be opened: {}", path, reason_of(number)),
                 "correct the path or the file's mode");
}

} // namespace

result<trusted_file> read_trusted_file(const std::filesystem::path &path, uid_t running_user) {
  const result<std::filesystem::path> whole = whole_path(path);
  if (!whole) {
    return whole.error();
  }
  const std::string name = whole->string();
  // O_NONBLOCK: a named pipe in place of the file must not hold up the start.
  const descriptor file(::open(name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    return open_failed(name, errno);
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    return open_failed(name, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return refused(fmt::format("plugin file {} is not a regular file", name), "name the shared library itself");
  }
  if (std::optional<error> why = distrust(status, fmt::format("plugin file {}", name), name, running_user)) {
    return *std::move(why);
  }
  if (std::optional<error> why = distrust_folders(*whole, running_user)) {
    return *std::move(why);
  }
  result<std::vector<std::uint8_t>> bytes = read_all(file.get(), name);
  if (!bytes) {
    return std::move(bytes).error();
  }
  result<std::string> digest = sha256_of(*bytes);
  if (!digest) {
    return std::move(digest).error();
  }
  return trusted_file{*whole, std::move(*bytes), std::move(*digest), status.st_dev, status.st_ino};
}

} // namespace outsize::host
