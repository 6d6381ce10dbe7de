// A real store on a disk that fails, or has rotted.
#pragma once

#include "disk_subject.hpp"
#include "fault_file_system.hpp"

#include <rocksdb/env.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace outsize::test {

/// Closes the store, flips a bit where `needle` lies in one of its data files, and opens it again.
inline bool flip_byte_on_disk(disk_subject &d, const std::string &needle) {
  d.store.reset();
  bool flipped = false;
  for (const auto &file : std::filesystem::recursive_directory_iterator(d.options.directory)) {
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    if (!bytes.is_open()) {
      continue;
    }
    const std::string content((std::istreambuf_iterator<char>(bytes)), {});
    const auto at = content.find(needle);
    if (at != std::string::npos && file.path().extension() != ".log") {
      bytes.clear();
      bytes.seekp(static_cast<std::streamoff>(at));
      bytes.put(static_cast<char>(needle[0] ^ 1));
      flipped = true;
    }
  }
  d.open();
  return flipped;
}

/// A store on a disk that can be told to fail.
struct faulty_disk : disk_subject {
  faulty_disk() {
    store.reset();
    options.env = env.get();
    open();
  }
  ~faulty_disk() {
    disk->set_fault(disk_fault::none);
    store.reset();
  }
  std::shared_ptr<fault_file_system> disk = std::make_shared<fault_file_system>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
};

} // namespace outsize::test
