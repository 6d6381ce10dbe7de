// What a bad disk does, done by hand: bytes are found in a folder's files, and changed behind the back of whoever wrote
// them. Whose files they are must not be running.
//
// Thread rule: the test's thread.
#pragma once

#include <cstdint>
#include <string>

namespace outsize::test {

struct disk_place {
  std::string file;
  std::uint64_t at = 0;
};

/// `count` bytes of a file from `at` on. Fails the test when it has fewer.
std::string bytes_in(const std::string &file, std::uint64_t at, std::uint64_t count);
/// Where these bytes lie below `folder`: the last place when there are several. Fails the test when there is none.
disk_place find_on_disk(const std::string &folder, const std::string &bytes);
/// The only file below `folder` of so many bytes. Fails the test when there is none, or more than one.
std::string find_file(const std::string &folder, std::uint64_t bytes);

/// Twice is as it was.
void flip_byte(const disk_place &where);

} // namespace outsize::test
