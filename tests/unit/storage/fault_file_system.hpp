// A file system below RocksDB that fails when the test says so.
//
// Thread rule: switches from any thread.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

namespace outsize::test {

enum class disk_fault { none, sync_fails, append_fails, append_is_torn, no_space };

class fault_file_system : public rocksdb::FileSystemWrapper {
public:
  fault_file_system() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char *Name() const override { return "fault"; }

  void set_fault(disk_fault next) { fault_ = next; }
  [[nodiscard]] disk_fault fault() const { return fault_; }
  /// UINT64_MAX: what the disk says.
  void set_free_bytes(std::uint64_t bytes) { free_bytes_ = bytes; }

  rocksdb::IOStatus NewWritableFile(const std::string &name, const rocksdb::FileOptions &options,
                                    std::unique_ptr<rocksdb::FSWritableFile> *file,
                                    rocksdb::IODebugContext *context) override;
  rocksdb::IOStatus GetFreeSpace(const std::string &path, const rocksdb::IOOptions &options, std::uint64_t *bytes,
                                 rocksdb::IODebugContext *context) override {
    if (free_bytes_ == UINT64_MAX) {
      return FileSystemWrapper::GetFreeSpace(path, options, bytes, context);
    }
    *bytes = free_bytes_;
    return rocksdb::IOStatus::OK();
  }

private:
  std::atomic<disk_fault> fault_{disk_fault::none};
  std::atomic<std::uint64_t> free_bytes_{UINT64_MAX};
};

class fault_writable_file : public rocksdb::FSWritableFileOwnerWrapper {
public:
  fault_writable_file(std::unique_ptr<rocksdb::FSWritableFile> file, const fault_file_system &disk)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}

  rocksdb::IOStatus Append(const rocksdb::Slice &bytes, const rocksdb::IOOptions &options,
                           rocksdb::IODebugContext *context) override {
    if (const auto fails = before_append(bytes, options, context)) {
      return *fails;
    }
    return FSWritableFileOwnerWrapper::Append(bytes, options, context);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice &bytes, const rocksdb::IOOptions &options,
                           const rocksdb::DataVerificationInfo &info, rocksdb::IODebugContext *context) override {
    if (const auto fails = before_append(bytes, options, context)) {
      return *fails;
    }
    return FSWritableFileOwnerWrapper::Append(bytes, options, info, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions &options, rocksdb::IODebugContext *context) override {
    return disk_.fault() == disk_fault::sync_fails ? rocksdb::IOStatus::IOError("sync: as the test wished")
                                                   : FSWritableFileOwnerWrapper::Sync(options, context);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions &options, rocksdb::IODebugContext *context) override {
    return disk_.fault() == disk_fault::sync_fails ? rocksdb::IOStatus::IOError("fsync: as the test wished")
                                                   : FSWritableFileOwnerWrapper::Fsync(options, context);
  }

private:
  std::optional<rocksdb::IOStatus> before_append(const rocksdb::Slice &bytes, const rocksdb::IOOptions &options,
                                                 rocksdb::IODebugContext *context) {
    switch (disk_.fault()) {
    case disk_fault::append_fails:
      return rocksdb::IOStatus::IOError("append: as the test wished");
    case disk_fault::append_is_torn:
      (void)FSWritableFileOwnerWrapper::Append(rocksdb::Slice(bytes.data(), bytes.size() / 2), options, context);
      return rocksdb::IOStatus::IOError("append: torn as the test wished");
    case disk_fault::no_space:
      return rocksdb::IOStatus::NoSpace("append: as the test wished");
    case disk_fault::none:
    case disk_fault::sync_fails:
      return std::nullopt;
    }
    return std::nullopt;
  }
  const fault_file_system &disk_;
};

inline rocksdb::IOStatus fault_file_system::NewWritableFile(const std::string &name,
                                                            const rocksdb::FileOptions &options,
                                                            std::unique_ptr<rocksdb::FSWritableFile> *file,
                                                            rocksdb::IODebugContext *context) {
  std::unique_ptr<rocksdb::FSWritableFile> inner;
  auto status = FileSystemWrapper::NewWritableFile(name, options, &inner, context);
  if (status.ok()) {
    *file = std::make_unique<fault_writable_file>(std::move(inner), *this);
  }
  return status;
}

} // namespace outsize::test
