#include "host/storage/bulk_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace outsize::host {
namespace {

constexpr const char *suffix = ".bulk";
/// Files that a reader keeps open.
constexpr std::size_t open_files_max = 32;

std::string file_path(const std::string &directory, std::uint64_t number) {
  return fmt::format("{}/{:012}{}", directory, number, suffix);
}

/// 0 for a name that is none of ours.
std::uint64_t number_in(const std::string &name) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
  return parsed.ec == std::errc{} && std::string(parsed.ptr) == suffix ? number : 0;
}

rocksdb::IOStatus sync_directory_of(rocksdb::FileSystem &files, const std::string &directory) {
  std::unique_ptr<rocksdb::FSDirectory> opened;
  const auto status = files.NewDirectory(directory, {}, &opened, nullptr);
  return status.ok() ? opened->Fsync({}, nullptr) : status;
}

error open_error(const std::string &directory, const rocksdb::IOStatus &status) {
  return make_error(code::storage_failed, fmt::format("cannot open the store in {}: {}", directory, status.ToString()));
}

} // namespace

result<bulk_writer> bulk_writer::open(std::shared_ptr<rocksdb::FileSystem> files, std::string directory) {
  if (const auto made = files->CreateDirIfMissing(directory, {}, nullptr); !made.ok()) {
    return open_error(directory, made);
  }
  std::vector<std::string> names;
  if (const auto listed = files->GetChildren(directory, {}, &names, nullptr); !listed.ok()) {
    return open_error(directory, listed);
  }
  std::uint64_t last = 0;
  for (const std::string &name : names) {
    last = std::max(last, number_in(name));
  }
  return bulk_writer(std::move(files), std::move(directory), last + 1);
}

bulk_writer::bulk_writer(std::shared_ptr<rocksdb::FileSystem> files, std::string directory, std::uint64_t next_number)
    : files_(std::move(files)), directory_(std::move(directory)), number_(next_number) {}

rocksdb::IOStatus bulk_writer::append(const rope &bytes, bulk_place &place) {
  if (file_ == nullptr || file_bytes_ >= bulk_file_bytes) {
    if (auto begun = begin_file(); !begun.ok()) {
      return begun;
    }
  }
  place = {number_, file_bytes_, bytes.size()};
  dirty_ = true;
  for (const buffer &part : bytes.parts()) {
    const rocksdb::Slice stretch(reinterpret_cast<const char *>(part.data()), part.size());
    if (auto appended = file_->Append(stretch, {}, nullptr); !appended.ok()) {
      return appended;
    }
    file_bytes_ += part.size();
  }
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus bulk_writer::sync() {
  return std::exchange(dirty_, false) ? file_->Sync({}, nullptr) : rocksdb::IOStatus::OK();
}

rocksdb::IOStatus bulk_writer::begin_file() {
  if (file_ != nullptr) {
    if (auto synced = sync(); !synced.ok()) {
      return synced;
    }
    if (auto closed = file_->Close({}, nullptr); !closed.ok()) {
      return closed;
    }
    ++number_;
  }
  if (auto made = files_->NewWritableFile(file_path(directory_, number_), {}, &file_, nullptr); !made.ok()) {
    return made;
  }
  file_bytes_ = 0;
  return sync_directory_of(*files_, directory_);
}

bulk_reader::bulk_reader(std::shared_ptr<rocksdb::FileSystem> files, std::string directory)
    : files_(std::move(files)), directory_(std::move(directory)) {}

buffer bulk_reader::read(const bulk_place &place) {
  rocksdb::FSRandomAccessFile *file = open_file(place.file);
  if (file == nullptr) {
    return {};
  }
  writable_buffer bytes(place.bytes);
  auto *to = reinterpret_cast<char *>(bytes.data());
  rocksdb::Slice got;
  if (!file->Read(place.position, place.bytes, {}, &got, to, nullptr).ok() || got.size() != place.bytes) {
    return {};
  }
  if (got.data() != to) {
    std::copy_n(got.data(), got.size(), to);
  }
  return std::move(bytes).freeze();
}

rocksdb::FSRandomAccessFile *bulk_reader::open_file(std::uint64_t number) {
  if (const auto found = open_.find(number); found != open_.end()) {
    return found->second.get();
  }
  std::unique_ptr<rocksdb::FSRandomAccessFile> opened;
  if (!files_->NewRandomAccessFile(file_path(directory_, number), {}, &opened, nullptr).ok()) {
    return nullptr;
  }
  if (open_.size() >= open_files_max) {
    open_.erase(open_.begin()); // the oldest file: readers follow the tail
  }
  return (open_[number] = std::move(opened)).get();
}

} // namespace outsize::host
