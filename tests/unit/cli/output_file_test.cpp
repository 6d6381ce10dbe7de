#include "host/cli/output_file.hpp"
#include "host/cli/sha256.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

using namespace outsize;
using namespace outsize::host;

namespace {

std::string content_of(const std::filesystem::path &file) {
  std::ostringstream all;
  all << std::ifstream(file, std::ios::binary).rdbuf();
  return all.str();
}

std::size_t files_in(const std::filesystem::path &folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

rope bytes(const std::string &text) {
  return rope(buffer::copy_of(text));
}

} // namespace

TEST_CASE("output file: has its name when all of it is there, and not before") {
  const test::temp_dir folder;
  const std::string path = folder / "7";
  auto file = output_file::create(path).value();
  CHECK(file->write(bytes("one ")));
  CHECK(file->write(bytes("two")));
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK(file->finish());
  CHECK(content_of(path) == "one two");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("output file: one that was not finished leaves nothing, and what was there before as it was") {
  const test::temp_dir folder;
  const std::string path = folder / "7";
  std::ofstream(path) << "before";
  {
    auto file = output_file::create(path).value();
    CHECK(file->write(bytes("half of")));
  }
  CHECK(content_of(path) == "before");
  CHECK(files_in(folder.path()) == 1);
  auto again = output_file::create(path).value();
  CHECK(again->write(bytes("after")));
  CHECK(again->finish());
  CHECK(content_of(path) == "after");
}

TEST_CASE("output file: an error names the file as it was to be called") {
  const test::temp_dir folder;
  const std::string path = folder / "nowhere/7";
  const auto failed = output_file::create(path);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == code::not_found);
  CHECK(failed.error().peer == path);
  std::filesystem::create_directory(folder / "8"); // a folder cannot be replaced by a file
  auto file = output_file::create(folder / "8").value();
  CHECK_FALSE(file->finish());
  file.reset();
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("sha256: of bytes that come one after the other is that of all of them") {
  running_sha256 running;
  CHECK(running.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  running.add(bytes("a"));
  CHECK(running.hex() == sha256_hex(bytes("a")));
  running.add(bytes("bc"));
  CHECK(running.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
