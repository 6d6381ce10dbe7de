#include "host/blob/part_digests.hpp"
#include "unit/blob/support/service_rig.hpp"

#include <outsize/wire/codec.hpp>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

wire::digest digest_of_text(const std::string &text) {
  return wire::digest_of(rope(buffer::copy_of(text)));
}

later<part_answer> digests(service_rig &rig, part_question question) {
  later<part_answer> answer;
  read_part_digests(*rig.service, std::move(question), &steady_now, answer.callback());
  return answer;
}

later<blob_page> list(service_rig &rig, const std::string &prefix, const std::string &after, std::uint32_t count) {
  later<blob_page> answer;
  rig.service->list("archive", prefix, after, count, steady_now() + rig_patience, answer.callback());
  return answer;
}

std::vector<std::string> keys_of(const result<blob_page> &page) {
  std::vector<std::string> made;
  for (const listed_blob &blob : page->blobs) {
    made.push_back(blob.key);
  }
  return made;
}

} // namespace

TEST_CASE("blob get: ranges, fewer bytes only at the end") {
  service_rig rig;
  rig.archive.put("a", "0123456789");
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 0, 10))) == "0123456789");
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 3, 4))) == "3456");
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 8, 4))) == "89");
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 10, 4))) == "");
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 11, 4))) == "");
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 0, 0))) == "");
  CHECK(rig.facts_of("archive").gets == 6);
  CHECK(rig.facts_of("archive").bytes_got == 16);
}

TEST_CASE("blob get: missing, denied, unavailable and corrupt are four different errors") {
  service_rig rig;
  rig.archive.put("a", "abc");
  CHECK(rig.wait_for(rig.get("archive", "b", 0, 1)).error().code == code::blob_missing);
  for (const code why : {code::blob_denied, code::blob_unavailable, code::blob_corrupt}) {
    rig.archive.fail("get", why);
    CHECK(rig.wait_for(rig.get("archive", "a", 0, 1)).error().code == why);
  }
}

TEST_CASE("blob get: a store that is not configured here, more than may be held, an illegal key") {
  blob_service_options how;
  how.get_bytes_max = 4096;
  service_rig rig(how);
  rig.archive.put("a", "abc");
  const auto nowhere = rig.get("nowhere", "a", 0, 1);
  CHECK_FALSE(nowhere.came());
  CHECK(rig.wait_for(nowhere).error().code == code::not_found);
  CHECK(rig.wait_for(rig.get("archive", "a", 0, 4095)).has_value());
  CHECK(rig.wait_for(rig.get("archive", "a", 0, 4096)).has_value());
  CHECK(rig.wait_for(rig.get("archive", "a", 0, 4097)).error().code == code::invalid_argument);
  CHECK(rig.wait_for(rig.get("archive", "../a", 0, 1)).error().code == code::invalid_argument);
}

TEST_CASE("blob get: its deadline ends it, whether the store heeds it or not") {
  const bool is_deaf = GENERATE(false, true);
  CAPTURE(is_deaf);
  blob_service_options how;
  how.answer_slack = 20ms;
  service_rig rig(how);
  rig.archive.put("a", "abc");
  rig.archive.hold("get", is_deaf);
  const auto got = rig.get("archive", "a", 0, 3, 30ms);
  CHECK(rig.wait_for(got).error().code == code::timed_out);
  rig.archive.let_go();
  CHECK(text_of(rig.wait_for(rig.get("archive", "a", 0, 3))) == "abc");
  CHECK(got.times() == 1);
}

TEST_CASE("blob list: keys behind one, at most so many, and whether there are more") {
  service_rig rig;
  for (const std::string key : {"7/0/1-1", "7/0/1-2", "7/1/1-1", "70/0/1-1"}) {
    rig.archive.put(key, key);
  }
  const auto all = list(rig, "7/", "", 4);
  CHECK(keys_of(rig.wait_for(all)) == std::vector<std::string>{"7/0/1-1", "7/0/1-2", "7/1/1-1"});
  CHECK_FALSE(all.outcome()->more);
  CHECK(all.outcome()->blobs.front().bytes == 7);
  CHECK(all.outcome()->blobs.front().modified_unix_s == 1000);
  const auto exact = list(rig, "7/", "", 3);
  rig.wait_for(exact);
  CHECK_FALSE(exact.outcome()->more);
  const auto first = list(rig, "7/", "", 2);
  CHECK(keys_of(rig.wait_for(first)) == std::vector<std::string>{"7/0/1-1", "7/0/1-2"});
  CHECK(first.outcome()->more);
  CHECK(keys_of(rig.wait_for(list(rig, "7/", "7/0/1-2", 2))) == std::vector<std::string>{"7/1/1-1"});
  rig.archive.fail("list", code::blob_denied);
  CHECK(rig.wait_for(list(rig, "7/", "", 2)).error().code == code::blob_denied);
}

TEST_CASE("part digests: of each part, whatever the last one is long") {
  const std::size_t size = GENERATE(0U, 1U, 3U, 4U, 5U, 8U, 9U);
  CAPTURE(size);
  service_rig rig;
  const std::string text = std::string("abcdefghi").substr(0, size);
  rig.archive.put("a", text);
  const auto answer = digests(rig, {"archive", "a", 0, 4});
  REQUIRE(rig.wait_for(answer).has_value());
  std::vector<wire::digest> expected;
  for (std::size_t from = 0; from < size; from += 4) {
    expected.push_back(digest_of_text(text.substr(from, 4)));
  }
  CHECK(answer.outcome()->digests == expected);
  CHECK(answer.outcome()->next == size);
  CHECK(answer.outcome()->is_end);
}

TEST_CASE("part digests: a large blob comes in stretches of whole parts, and parts may be larger than one get") {
  service_rig rig;
  const std::string text(5000, 'x');
  rig.archive.put("small-parts", text);
  const auto first = digests(rig, {"archive", "small-parts", 0, 2});
  REQUIRE(rig.wait_for(first).has_value());
  CHECK(first.outcome()->digests.size() == part_digests_max);
  CHECK(first.outcome()->next == 2 * part_digests_max);
  CHECK_FALSE(first.outcome()->is_end);
  const auto second = digests(rig, {"archive", "small-parts", first.outcome()->next, 2});
  REQUIRE(rig.wait_for(second).has_value());
  CHECK(first.outcome()->digests.size() + second.outcome()->digests.size() == 2500);
  CHECK(second.outcome()->is_end);

  const std::string large(3 << 20, 'y');
  rig.archive.put("large-part", large + "z");
  const auto parts = digests(rig, {"archive", "large-part", 0, large.size()});
  REQUIRE(rig.wait_for(parts).has_value());
  CHECK(parts.outcome()->digests == std::vector<wire::digest>{digest_of_text(large), digest_of_text("z")});
}

TEST_CASE("part digests: an error of the store is told as it is") {
  service_rig rig;
  CHECK(rig.wait_for(digests(rig, {"archive", "a", 0, 4})).error().code == code::blob_missing);
  CHECK(rig.wait_for(digests(rig, {"nowhere", "a", 0, 4})).error().code == code::not_found);
}
