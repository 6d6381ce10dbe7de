// The directory of a store, with its two folders: `blobs`, and `uploads` for what is not a blob yet.
//
// Both are opened once and everything else is reached from there, one name at a time and never through a symbolic link.
// So a store stays with the directory that it was opened on, whatever is moved or mounted over it.
//
// Thread rule: any thread, all functions but open.
#pragma once

#include "descriptor.hpp"

#include <outsize/result.hpp>

#include <string>

namespace outsize::blob_file {

class place {
public:
  /// Makes what is missing, parents included, with mode 0700 and durably. Errors, each with the path:
  ///   blob_denied       not to be used by this user, or writable by everybody
  ///   blob_unavailable  anything else that the system said; a folder that lies on another file system
  ///   disk_full         no room for the folders
  static result<place> open(const std::string &directory);

  [[nodiscard]] const std::string &path() const { return path_; }
  [[nodiscard]] int blobs() const { return blobs_.get(); }
  [[nodiscard]] int uploads() const { return uploads_.get(); }

  /// "blob "orders/12/7" in /data/blobs"
  [[nodiscard]] std::string subject(std::string_view key) const;

  /// The same outcome; an error's text begins with the subject.
  [[nodiscard]] result<void> named(std::string_view key, result<void> outcome) const;

  /// blob_unavailable when the path no longer leads to the directory that was opened: unmounted, moved or removed. What
  /// is missing in such a place says nothing about the store.
  [[nodiscard]] result<void> check_present() const;

private:
  std::string path_;
  descriptor directory_;
  descriptor blobs_;
  descriptor uploads_;
};

} // namespace outsize::blob_file
