#include "server_fixture.hpp"

#include "host/logserver/store_check.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace outsize;
using namespace outsize::test;

namespace {

struct broken_form {
  const char *what;
  std::function<void(made_store &)> breaks;
  code expected;
};

rope with_flipped_byte(const rope &bytes, std::uint64_t at) {
  std::string text(bytes.flatten().text());
  text[at] = static_cast<char>(text[at] ^ 1);
  return rope(buffer::copy_of(text));
}

const std::vector<broken_form> broken_forms{
    {"no entries", [](made_store &s) { s.message.entry_headers.clear(); }, code::malformed},
    {"offset 0", [](made_store &s) { s.message.first = 0; }, code::malformed},
    {"offsets past the last", [](made_store &s) { s.message.first = UINT64_MAX - 2; }, code::malformed},
    {"no log", [](made_store &s) { s.message.segment.log = 0; }, code::malformed},
    {"entries of another segment", [](made_store &s) { s.message.segment.index = 3; }, code::malformed},
    {"another first offset", [](made_store &s) { s.message.first = 2; }, code::malformed},
    {"entries swapped", [](made_store &s) { std::swap(s.message.entry_headers[0], s.message.entry_headers[1]); },
     code::malformed},
    {"payload one byte short", [](made_store &s) { s.payload = s.payload.slice(0, s.payload.size() - 1); },
     code::malformed},
    {"payload one byte long", [](made_store &s) { s.payload.append(buffer::copy_of(std::string_view("x"))); },
     code::malformed},
    {"no payload", [](made_store &s) { s.payload = {}; }, code::malformed},
    {"a header cut short", [](made_store &s) { s.message.entry_headers[1] = s.message.entry_headers[1].slice(0, 20); },
     code::malformed},
    {"a bit of the payload flipped", [](made_store &s) { s.payload = with_flipped_byte(s.payload, 3); },
     code::checksum_mismatch},
    {"a bit of a header's checksum flipped",
     [](made_store &s) {
       const rope flipped = with_flipped_byte(rope(s.message.entry_headers[2]), wire::entry_header_bytes - 1);
       s.message.entry_headers[2] = flipped.flatten();
     },
     code::checksum_mismatch},
};

} // namespace

TEST_CASE("store form: what does not follow the protocol is refused for good and leaves nothing") {
  const std::size_t at = GENERATE(range(std::size_t{0}, broken_forms.size()));
  const broken_form &form = broken_forms[at];
  CAPTURE(form.what);
  server_fixture f;
  auto made = make_store(segment, 1, 4);
  form.breaks(made);
  const auto answer = f.send(made);
  f.disk.settle();
  CHECK(outcome_of(answer) == form.expected);
  CHECK(retry_of(outcome_of(answer)) == retry_class::never);
  CHECK((*answer)->refused->at == wire::stage::storage);
  CHECK(f.disk.durable_offsets(segment).empty());
  CHECK(f.server->segments().empty());
}

TEST_CASE("store form: the last legal first offset") {
  const auto made = make_store(segment, UINT64_MAX - 1, {std::string("x")});
  CHECK(host::check_store(made.message, made.payload).has_value());
}

TEST_CASE("store form: entries are cut out of a payload in any number of parts, without a copy") {
  const std::uint64_t part_bytes = GENERATE(1, 7, 13, 1000);
  const auto made =
      make_store(segment, 1, {std::string("first"), std::string(), std::string(50, 'x'), std::string("z")});
  rope parts;
  for (std::uint64_t at = 0; at < made.payload.size(); at += part_bytes) {
    parts.append(made.payload.slice(at, std::min(part_bytes, made.payload.size() - at)));
  }
  const auto checked = host::check_store(made.message, parts);
  REQUIRE(checked.has_value());
  REQUIRE(checked->entries.size() == 4);
  CHECK(checked->entries[0].body.flatten().text() == "first");
  CHECK(checked->entries[1].body.empty());
  CHECK(checked->entries[2].body.flatten().text() == std::string(50, 'x'));
  CHECK(checked->entries[3].body.flatten().text() == "z");
  CHECK(checked->entries[0].body.parts()[0].data() == parts.parts()[0].data());
  CHECK(checked->bytes == made.payload.size() + 4 * wire::entry_header_bytes);
}
