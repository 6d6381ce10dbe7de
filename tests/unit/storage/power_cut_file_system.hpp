// A file system that knows what would be left after a power cut: of every file, what was synced.
//
// Thread rule: any thread.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace outsize::test {

class power_cut_file_system : public rocksdb::FileSystemWrapper {
public:
  power_cut_file_system() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char *Name() const override { return "power-cut"; }

  /// Calls `then` before every sync, while nothing else is written; it may call copy_synced.
  void before_sync(std::function<void()> then) {
    const std::lock_guard lock(mutex_);
    before_sync_ = std::move(then);
  }
  /// Copies a directory as it would be found after a power cut now. From inside before_sync.
  void copy_synced(const std::string &from, const std::string &to) const {
    for (const auto &found : std::filesystem::recursive_directory_iterator(from)) {
      const auto target = std::filesystem::path(to) / std::filesystem::relative(found.path(), from);
      if (found.is_directory()) {
        std::filesystem::create_directories(target);
      } else {
        std::filesystem::copy_file(found.path(), target);
        const auto known = synced_.find(found.path().lexically_normal().string());
        if (known != synced_.end()) {
          std::filesystem::resize_file(target, known->second);
        }
      }
    }
  }

  rocksdb::IOStatus NewWritableFile(const std::string &name, const rocksdb::FileOptions &options,
                                    std::unique_ptr<rocksdb::FSWritableFile> *file,
                                    rocksdb::IODebugContext *context) override;
  rocksdb::IOStatus RenameFile(const std::string &from, const std::string &to, const rocksdb::IOOptions &options,
                               rocksdb::IODebugContext *context) override {
    const std::lock_guard lock(mutex_);
    if (auto moved = synced_.extract(normal(from)); !moved.empty()) {
      synced_[normal(to)] = moved.mapped();
    }
    return FileSystemWrapper::RenameFile(from, to, options, context);
  }
  rocksdb::IOStatus DeleteFile(const std::string &name, const rocksdb::IOOptions &options,
                               rocksdb::IODebugContext *context) override {
    const std::lock_guard lock(mutex_);
    return FileSystemWrapper::DeleteFile(name, options, context);
  }

  template <class Write> rocksdb::IOStatus write(const Write &what) {
    const std::lock_guard lock(mutex_);
    return what();
  }
  template <class Sync> rocksdb::IOStatus sync(const std::string &name, std::uint64_t bytes, const Sync &what) {
    const std::lock_guard lock(mutex_);
    if (before_sync_) {
      before_sync_();
    }
    auto status = what();
    if (status.ok()) {
      synced_[normal(name)] = bytes;
    }
    return status;
  }

private:
  static std::string normal(const std::string &name) { return std::filesystem::path(name).lexically_normal().string(); }

  std::mutex mutex_;
  std::function<void()> before_sync_;
  std::map<std::string, std::uint64_t> synced_; ///< by path: bytes
};

class power_cut_file : public rocksdb::FSWritableFileOwnerWrapper {
public:
  power_cut_file(std::unique_ptr<rocksdb::FSWritableFile> file, power_cut_file_system &disk, std::string name)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice &bytes, const rocksdb::IOOptions &options,
                           rocksdb::IODebugContext *context) override {
    bytes_ += bytes.size();
    return disk_.write([&] { return FSWritableFileOwnerWrapper::Append(bytes, options, context); });
  }
  rocksdb::IOStatus Append(const rocksdb::Slice &bytes, const rocksdb::IOOptions &options,
                           const rocksdb::DataVerificationInfo &info, rocksdb::IODebugContext *context) override {
    bytes_ += bytes.size();
    return disk_.write([&] { return FSWritableFileOwnerWrapper::Append(bytes, options, info, context); });
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions &options, rocksdb::IODebugContext *context) override {
    return disk_.sync(name_, bytes_, [&] { return FSWritableFileOwnerWrapper::Sync(options, context); });
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions &options, rocksdb::IODebugContext *context) override {
    return disk_.sync(name_, bytes_, [&] { return FSWritableFileOwnerWrapper::Fsync(options, context); });
  }

private:
  power_cut_file_system &disk_;
  std::string name_;
  std::uint64_t bytes_ = 0;
};

inline rocksdb::IOStatus power_cut_file_system::NewWritableFile(const std::string &name,
                                                                const rocksdb::FileOptions &options,
                                                                std::unique_ptr<rocksdb::FSWritableFile> *file,
                                                                rocksdb::IODebugContext *context) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<rocksdb::FSWritableFile> inner;
  auto status = FileSystemWrapper::NewWritableFile(name, options, &inner, context);
  if (status.ok()) {
    synced_[normal(name)] = 0;
    *file = std::make_unique<power_cut_file>(std::move(inner), *this, name);
  }
  return status;
}

} // namespace outsize::test
