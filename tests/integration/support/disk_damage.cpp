#include "disk_damage.hpp"

#include <outsize/suite/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

namespace outsize::test {
namespace {

std::vector<std::string> files_below(const std::string &folder) {
  std::vector<std::string> found;
  for (const auto &entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      found.push_back(entry.path().string());
    }
  }
  return found;
}

std::string content_of(const std::string &file) {
  std::ifstream from(file, std::ios::binary);
  REQUIRE(from.good());
  return {std::istreambuf_iterator<char>(from), std::istreambuf_iterator<char>()};
}

} // namespace

std::string bytes_in(const std::string &file, std::uint64_t at, std::uint64_t count) {
  std::ifstream from(file, std::ios::binary);
  from.seekg(static_cast<std::streamoff>(at));
  std::string bytes(count, '\0');
  from.read(bytes.data(), static_cast<std::streamsize>(count));
  REQUIRE(from.good());
  return bytes;
}

disk_place find_on_disk(const std::string &folder, const std::string &bytes) {
  std::optional<disk_place> found;
  for (const std::string &file : files_below(folder)) {
    if (const std::size_t at = content_of(file).rfind(bytes); at != std::string::npos) {
      found = disk_place{file, at};
    }
  }
  INFO("looked for " << bytes.size() << " bytes below " << folder);
  REQUIRE(found.has_value());
  return *found;
}

std::string find_file(const std::string &folder, std::uint64_t bytes) {
  std::vector<std::string> found;
  for (const std::string &file : files_below(folder)) {
    if (std::filesystem::file_size(file) == bytes) {
      found.push_back(file);
    }
  }
  INFO("looked for a file of " << bytes << " bytes below " << folder);
  REQUIRE(found.size() == 1);
  return found.front();
}

void flip_byte(const disk_place &where) {
  const char flipped = static_cast<char>(~bytes_in(where.file, where.at, 1).front());
  std::fstream to(where.file, std::ios::binary | std::ios::in | std::ios::out);
  to.seekp(static_cast<std::streamoff>(where.at));
  to.put(flipped);
  REQUIRE(to.flush().good());
}

} // namespace outsize::test
