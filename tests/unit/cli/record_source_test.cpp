#include "host/cli/record_source.hpp"

#include "support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

using namespace outsize;
using namespace outsize::host;

namespace {

constexpr std::uint64_t threshold = payload_in_memory_bytes_max;
constexpr std::uint64_t piece_bytes = 300'000;

const meanwhile go_on = [](int, std::chrono::milliseconds) { return true; };

std::string pattern(std::uint64_t bytes) {
  std::string made(bytes, '\0');
  std::uint64_t word = 4129;
  for (char &one : made) {
    word = word * 6364136223846793005 + 1442695040888963407;
    one = static_cast<char>(word >> 56);
  }
  return made;
}

std::string write_file(const test::temp_dir &in, const std::string &bytes) {
  const std::string path = in / "file";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

/// All of it, as an append reads it; or the first error.
result<std::string> read_all(const client::payload_source &from) {
  std::string all;
  while (all.size() < from.bytes) {
    const result<rope> piece = from.read(all.size(), std::min<std::uint64_t>(piece_bytes, from.bytes - all.size()));
    if (!piece) {
      return piece.error();
    }
    all += piece->flatten().text();
  }
  return all;
}

} // namespace

TEST_CASE("record source: a file is read as it is (empty, one byte, around the threshold)") {
  const test::temp_dir at;
  for (const std::uint64_t bytes : {UINT64_C(0), UINT64_C(1), threshold - 1, threshold, threshold + 1, 3 * threshold}) {
    INFO(bytes);
    const std::string content = pattern(bytes);
    const result<client::payload_source> source = source_of_file(write_file(at, content), go_on);
    REQUIRE(source);
    CHECK(source->bytes == bytes);
    CHECK(source->can_rewind);
    for (int time = 0; time < 2; ++time) { // again from its beginning
      const result<std::string> read = read_all(source.value());
      REQUIRE(read);
      CHECK(read.value() == content);
    }
  }
}

TEST_CASE("record source: a large file that became shorter is an error in words") {
  const test::temp_dir at;
  const std::string file = write_file(at, pattern(3 * threshold));
  const result<client::payload_source> source = source_of_file(file, go_on);
  REQUIRE(source);
  REQUIRE(source->read(0, piece_bytes));
  std::filesystem::resize_file(file, 3 * threshold - 1);
  const result<std::string> read = read_all(source.value());
  REQUIRE_FALSE(read);
  CHECK(read.error().code == code::invalid_argument);
  CHECK(read.error().text == "\"" + file + "\" became shorter while it was being appended; it is not in the log");
  CHECK(read.error().remedy == "leave files alone until the command has ended");
}

TEST_CASE("record source: a large file that became longer is an error in words, at its last piece") {
  const test::temp_dir at;
  const std::string file = write_file(at, pattern(3 * threshold));
  const result<client::payload_source> source = source_of_file(file, go_on);
  REQUIRE(source);
  std::filesystem::resize_file(file, 3 * threshold + 1);
  REQUIRE(source->read(0, piece_bytes));
  const result<std::string> read = read_all(source.value());
  REQUIRE_FALSE(read);
  CHECK(read.error().code == code::invalid_argument);
  CHECK(read.error().text == "\"" + file + "\" became longer while it was being appended; it is not in the log");
}

TEST_CASE("record source: what comes through a pipe is read to its end first (around the threshold)") {
  const test::temp_dir at;
  const std::string pipe = at / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const std::uint64_t bytes : {UINT64_C(1), threshold - 1, threshold, threshold + 1, 3 * threshold}) {
    INFO(bytes);
    const std::string content = pattern(bytes);
    int writer = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC); // so that it opens without a reader
    REQUIRE(writer >= 0);
    std::size_t written = 0;
    const result<client::payload_source> source = source_of_file(pipe, [&](int, std::chrono::milliseconds) {
      const ssize_t count = writer < 0 ? 0 : ::write(writer, content.data() + written, content.size() - written);
      written += count < 0 ? 0 : static_cast<std::size_t>(count);
      if (written == content.size() && writer >= 0) {
        ::close(std::exchange(writer, -1));
      }
      return true;
    });
    REQUIRE(source);
    CHECK(source->bytes == bytes);
    const result<std::string> read = read_all(source.value());
    REQUIRE(read);
    CHECK(read.value() == content);
  }
}

TEST_CASE("record source: a pipe whose reader is told to stop is interrupted") {
  const test::temp_dir at;
  const std::string pipe = at / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int writer = ::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  int rounds = 0;
  const result<client::payload_source> source =
      source_of_file(pipe, [&](int, std::chrono::milliseconds) { return ++rounds < 3; });
  ::close(writer);
  REQUIRE_FALSE(source);
  CHECK(source.error().code == code::interrupted);
}

TEST_CASE("record source: what is no file is an error in words") {
  const test::temp_dir at;
  CHECK(source_of_file(at / "nowhere", go_on).error().code == code::not_found);
  CHECK(source_of_file(at.path(), go_on).error().code == code::invalid_argument);
}
