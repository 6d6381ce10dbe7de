#include "place.hpp"

#include "file_error.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace outsize::blob_file {
namespace {

constexpr mode_t folder_mode = 0700;
constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

error at(const std::string &path) {
  return file_error(during::writing, errno, path);
}

std::string parent_of(const std::string &path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

result<void> make_with_parents(const std::string &path) {
  if (::mkdir(path.c_str(), folder_mode) == 0 || errno == EEXIST) {
    return {};
  }
  if (errno != ENOENT || path == "/") {
    return at(path);
  }
  if (result<void> made = make_with_parents(parent_of(path)); !made) {
    return made;
  }
  return ::mkdir(path.c_str(), folder_mode) == 0 || errno == EEXIST ? result<void>() : at(path);
}

struct stat facts_of(const descriptor &folder) {
  struct stat facts{};
  (void)::fstat(folder.get(), &facts); // cannot fail on an open folder
  return facts;
}

bool on_one_file_system(const descriptor &left, const descriptor &right) {
  return facts_of(left).st_dev == facts_of(right).st_dev;
}

bool is_same(const descriptor &left, const descriptor &right) {
  return on_one_file_system(left, right) && facts_of(left).st_ino == facts_of(right).st_ino;
}

/// A folder is durable only when the one above it has been synced, whoever made it and whenever. Ends at the root,
/// where another file system begins, and where this user may not look.
result<void> sync_parents(const descriptor &directory, const std::string &path) {
  descriptor at_folder(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  for (;;) {
    descriptor above(::openat(at_folder.get(), "..", folder_flags));
    if (!above.is_open()) {
      return errno == EACCES ? result<void>() : at(path);
    }
    if (!on_one_file_system(above, directory) || is_same(above, at_folder)) {
      return {};
    }
    if (::fsync(above.get()) != 0) {
      return at(path);
    }
    at_folder = std::move(above);
  }
}

result<descriptor> open_folder(const std::string &path) {
  descriptor folder(::open(path.c_str(), folder_flags));
  struct stat facts{};
  if (!folder.is_open() || ::fstat(folder.get(), &facts) != 0) {
    return at(path);
  }
  if ((facts.st_mode & S_IWOTH) != 0) {
    return make_error(code::blob_denied, path + " is writable by everybody, so anybody could put other blobs there",
                      "chmod o-w " + path);
  }
  return folder;
}

/// One of the two folders: made when missing, never followed elsewhere.
result<descriptor> open_part(const descriptor &directory, const std::string &path, const char *name) {
  const std::string whole = path + "/" + name;
  if (::mkdirat(directory.get(), name, folder_mode) != 0 && errno != EEXIST) {
    return at(whole);
  }
  descriptor folder(::openat(directory.get(), name, folder_flags | O_NOFOLLOW));
  if (!folder.is_open() || ::fsync(directory.get()) != 0) {
    return at(whole);
  }
  return folder;
}

} // namespace

result<place> place::open(const std::string &directory) {
  if (directory.empty() || directory.front() != '/') {
    return make_error(code::bad_config, "directory = \"" + directory + "\" is not an absolute path");
  }
  if (result<void> made = make_with_parents(directory); !made) {
    return std::move(made).error();
  }
  result<descriptor> opened = open_folder(directory);
  if (!opened) {
    return std::move(opened).error();
  }
  if (result<void> durable = sync_parents(*opened, directory); !durable) {
    return std::move(durable).error();
  }
  place made;
  made.path_ = directory;
  made.directory_ = *std::move(opened);
  for (const auto &[name, into] : {std::pair{"blobs", &made.blobs_}, std::pair{"uploads", &made.uploads_}}) {
    result<descriptor> part = open_part(made.directory_, directory, name);
    if (!part) {
      return std::move(part).error();
    }
    *into = *std::move(part);
  }
  if (!on_one_file_system(made.blobs_, made.uploads_)) {
    return make_error(code::blob_unavailable,
                      directory + ": its folders blobs and uploads are on different file systems, so no upload could "
                                  "become a blob in one step",
                      "mount the file system at the directory itself");
  }
  return made;
}

std::string place::subject(std::string_view key) const {
  return "blob \"" + std::string(key) + "\" in " + path_;
}

result<void> place::named(std::string_view key, result<void> outcome) const {
  if (!outcome) {
    outcome.error().text = subject(key) + ": " + outcome.error().text;
  }
  return outcome;
}

result<void> place::check_present() const {
  struct stat opened{};
  struct stat found{};
  const bool same = ::fstat(directory_.get(), &opened) == 0 && opened.st_nlink > 0 &&
                    ::stat(path_.c_str(), &found) == 0 && opened.st_dev == found.st_dev &&
                    opened.st_ino == found.st_ino;
  if (same) {
    return {};
  }
  return make_error(code::blob_unavailable, path_ + " is not the directory any more that was opened at the start",
                    "mount or move it back, or restart the node if the new one is meant");
}

} // namespace outsize::blob_file
