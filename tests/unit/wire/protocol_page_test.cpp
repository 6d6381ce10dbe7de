// docs/protocol.md says what the code does: its tables are compared with `visit` and with the limits.
#include "support/fields_text.hpp"
#include "support/samples.hpp"
#include "support/vectors.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

using rows = std::vector<std::string>;

/// "number name type" of each row of the tables of section 10, by heading: "append (16)", "refusal".
std::map<std::string, rows> tables_of_page() {
  std::map<std::string, rows> tables;
  rows *table = nullptr;
  const std::regex heading("### (\\w+( \\(\\d+\\))?)");
  const std::regex row("\\| (\\d+) \\| (\\w+) \\| ([^|]+) \\|.*");
  std::istringstream lines(read_protocol_page());
  bool in_messages = false;
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) {
      in_messages = line == "## 10 Messages";
    } else if (in_messages && std::regex_match(line, found, heading)) {
      table = &tables[found[1]];
    } else if (in_messages && std::regex_match(line, found, row)) {
      REQUIRE(table != nullptr);
      table->push_back(found[1].str() + " " + found[2].str() + " " + found[3].str());
    }
  }
  return tables;
}

template <class T> rows rows_of() {
  rows made;
  const T value{};
  T::visit(value, [&]<class Field>(unsigned number, const Field &, const char *name) {
    made.push_back(std::to_string(number) + " " + name + " " + words_of<Field>());
  });
  return made;
}

template <class Struct> void check_struct(std::map<std::string, rows> &tables) {
  const std::string name = words_of<Struct>();
  INFO(name);
  CHECK(tables[name] == rows_of<Struct>());
  tables.erase(name);
}

/// The rows "| name | value |" of section 11.
std::map<std::string, std::uint64_t> limits_of_page() {
  std::map<std::string, std::uint64_t> limits;
  const std::string page = read_protocol_page();
  const std::size_t from = page.find("## 11 Limits");
  const std::string section = page.substr(from, page.find("\n## ", from) - from);
  const std::regex row("\\| (\\w+) \\| (\\d+) \\|");
  for (std::sregex_iterator at(section.begin(), section.end(), row), end; at != end; ++at) {
    limits[(*at)[1]] = std::stoull((*at)[2]);
  }
  return limits;
}

/// The fenced block behind the mention of a vector's file.
std::string block_behind(const std::string &page, const std::string &file) {
  const std::size_t mention = page.find("`" + file + "`");
  REQUIRE(mention != std::string::npos);
  const std::size_t begin = page.find("```\n", mention) + 4;
  return page.substr(begin, page.find("```", begin) - begin);
}

} // namespace

TEST_CASE("protocol page: every kind of message has a table, with the fields, numbers and types of the code") {
  std::map<std::string, rows> tables = tables_of_page();
  for_each_message([&]<class Message>() {
    const std::string heading =
        std::string(name_of(Message::number)) + " (" + std::to_string(static_cast<unsigned>(Message::number)) + ")";
    INFO(heading);
    REQUIRE(tables.contains(heading));
    CHECK(tables[heading] == rows_of<Message>());
    tables.erase(heading);
  });
  check_struct<policy_step>(tables);
  check_struct<refusal>(tables);
  check_struct<record_item>(tables);
  check_struct<append_result>(tables);
  check_struct<server_state>(tables);
  check_struct<metadata_item>(tables);
  for (const auto &[heading, unused] : tables) {
    FAIL_CHECK("the page has a table that the code does not know: " << heading);
  }
}

TEST_CASE("protocol page: the limits are those of the code") {
  const std::map<std::string, std::uint64_t> wanted = {
      {"message_limit_bytes_min", message_limit_bytes_min},
      {"message_limit_bytes_max", message_limit_bytes_max},
      {"header_part_bytes_max", header_part_bytes_max},
      {"record_fields_bytes_max", record_fields_bytes_max},
      {"producer_name_bytes_max", producer_name_bytes_max},
      {"log_name_bytes_max", log_name_bytes_max},
      {"node_name_bytes_max", node_name_bytes_max},
      {"blob_store_name_bytes_max", blob_store_name_bytes_max},
      {"blob_key_bytes_max", blob_key_bytes_max},
      {"fragments_max", fragments_max},
      {"aborted_reason_bytes_max", aborted_reason_bytes_max},
      {"envelope_bytes", envelope_bytes},
      {"entry_header_bytes", entry_header_bytes},
      {"carrier_overhead_bytes", carrier_overhead_bytes},
      {"part_bytes_max", part_bytes_max},
      {"part_piece_bytes_min", part_piece_bytes_min},
      {"part_overhead_bytes", part_overhead_bytes},
      {"part_window_bytes_min", part_window_bytes_min},
      {"part_window_bytes_default", part_window_bytes_default},
      {"large_messages_max", large_messages_max},
      {"fetched_corrupt_max", fetched_corrupt_max},
  };
  CHECK(limits_of_page() == wanted);
}

TEST_CASE("protocol page: sizes in its prose are those of the code") {
  std::string page = read_protocol_page();
  std::replace(page.begin(), page.end(), '\n', ' '); // lines may break anywhere
  const auto says = [&](const std::string &words) { return page.find(words) != std::string::npos; };
  CHECK(says("Exactly " + std::to_string(entry_header_bytes) + " bytes, one encoding"));
  CHECK(says("digest of the first " + std::to_string(entry_header_bytes - size_of::digest) + " bytes"));
  CHECK(
      says("with the entry header, " + std::to_string(carrier_overhead_bytes + entry_header_bytes) + " for a record"));
  CHECK(says("its smallest message, " + std::to_string(carrier_overhead_bytes + entry_header_bytes) + " bytes more"));
  CHECK(says("more than " + std::to_string(decoded_bytes_per_header_byte_max) + " bytes of memory for each byte"));
  CHECK(says(wire::to_hex(digest_of(std::span<const std::uint8_t>()))));
}

TEST_CASE("protocol page: the worked example shows the bytes of its vectors") {
  const std::string page = read_protocol_page();
  for (const char *name : {"example-1-hello", "example-2-welcome", "example-3-append", "example-4-appended",
                           "example-5-read", "example-6-records"}) {
    INFO(name);
    const std::string block = block_behind(page, std::string("docs/vectors/") + name + ".hex");
    CHECK(test::to_hex(bytes_of_hex(block, "docs/protocol.md").text()) == test::to_hex(read_vector(name).bytes.text()));
  }
}
