#include "unit/blob/support/service_rig.hpp"

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

blob_service_options with_step_timeout(duration step, duration slack = 2s) {
  blob_service_options how;
  how.uploads.step_timeout = step;
  how.uploads.answer_slack = slack;
  return how;
}

} // namespace

TEST_CASE("blob upload: pieces in order, then the blob is there, verified and counted") {
  service_rig rig;
  const upload_id upload = rig.service->begin("archive", "7/0/1-1", 9);
  const auto first = rig.add(upload, "one");
  const auto second = rig.add(upload, "two");
  const auto third = rig.add(upload, "six");
  const auto done = rig.finish(upload);
  CHECK(rig.wait_for(done).has_value());
  CHECK((first.times() == 1 && second.times() == 1 && third.times() == 1));
  CHECK(rig.archive.blob("7/0/1-1") == "onetwosix");
  CHECK(rig.archive.calls("stat") == 1);
  CHECK(rig.facts_of("archive").blobs_put == 1);
  CHECK(rig.facts_of("archive").bytes_put == 9);
  CHECK(rig.facts_of("archive").uploads == 0);
}

TEST_CASE("blob upload: a piece in many stretches, a piece of nothing, a blob of nothing") {
  service_rig rig;
  const upload_id upload = rig.service->begin("archive", "a", 6);
  rope piece(buffer::copy_of("abc"));
  piece.append(buffer::copy_of("def"));
  later<void> added;
  rig.service->add(upload, piece, added.callback());
  const auto nothing = rig.add(upload, "");
  CHECK(rig.wait_for(rig.finish(upload)).has_value());
  CHECK(nothing.why() == code::ok);
  CHECK(rig.archive.blob("a") == "abcdef");

  CHECK(rig.wait_for(rig.finish(rig.service->begin("archive", "empty", 0))).has_value());
  CHECK(rig.archive.blob("empty") == "");
}

TEST_CASE("blob upload: callbacks never run inside the calls, whatever fails") {
  service_rig rig;
  const upload_id nowhere = rig.service->begin("nowhere", "a", 3);
  const auto added = rig.add(nowhere, "abc");
  const auto done = rig.finish(nowhere);
  CHECK_FALSE((added.came() || done.came()));
  CHECK(rig.wait_for(done).error().code == code::not_found);
  CHECK(done.outcome().error().text == "there is no blob store \"nowhere\" on this node");
  CHECK(added.why() == code::not_found);
}

TEST_CASE("blob upload: many at once keep apart, each in its order") {
  service_rig rig;
  std::vector<upload_id> uploads;
  for (int i = 0; i < 8; ++i) {
    uploads.push_back(rig.service->begin("archive", "many/" + std::to_string(i), 50));
  }
  std::vector<later<void>> done;
  for (int piece = 0; piece < 10; ++piece) {
    for (int i = 0; i < 8; ++i) {
      rig.add(uploads[static_cast<std::size_t>(i)], std::to_string(i) + "." + std::to_string(piece) + ". ");
    }
  }
  for (const upload_id upload : uploads) {
    done.push_back(rig.finish(upload));
  }
  for (int i = 0; i < 8; ++i) {
    REQUIRE(rig.wait_for(done[static_cast<std::size_t>(i)]).has_value());
    std::string expected;
    for (int piece = 0; piece < 10; ++piece) {
      expected += std::to_string(i) + "." + std::to_string(piece) + ". ";
    }
    CHECK(rig.archive.blob("many/" + std::to_string(i)) == expected);
  }
}

TEST_CASE("blob upload: what fails, wherever it fails, is told as it is and leaves nothing") {
  const std::string call = GENERATE("begin", "chunk", "finish", "stat");
  const code why =
      GENERATE(code::blob_missing, code::blob_denied, code::blob_unavailable, code::blob_corrupt, code::disk_full);
  CAPTURE(call, name_of(why));
  service_rig rig;
  rig.archive.fail(call, why);
  const upload_id upload = rig.service->begin("archive", "a", 6);
  const auto first = rig.add(upload, "abc");
  const auto second = rig.add(upload, "def");
  const auto done = rig.finish(upload);
  CHECK(rig.wait_for(done).error().code == why);
  CHECK((first.times() == 1 && second.times() == 1 && done.times() == 1));
  CHECK(first.why() == (call == "begin" || call == "chunk" ? why : code::ok));
  rig.archive.heal();
  rig.wait_until_clean();
  CHECK(rig.facts_of("archive").uploads == 0);
  CHECK(rig.facts_of("archive").failures.at(std::string(name_of(why))) == 1);
  CHECK(rig.put("archive", "b", "next").has_value());
}

TEST_CASE("blob upload: more and fewer bytes than announced are refused") {
  service_rig rig;
  const upload_id more = rig.service->begin("archive", "a", 3);
  CHECK(rig.wait_for(rig.add(more, "abcd")).error().code == code::invalid_argument);
  rig.service->abandon(more);
  const upload_id fewer = rig.service->begin("archive", "a", 3);
  rig.add(fewer, "ab");
  CHECK(rig.wait_for(rig.finish(fewer)).error().code == code::invalid_argument);
  rig.wait_until_clean();
}

TEST_CASE("blob upload: a store that reports another length than was written has not got the blob") {
  service_rig rig;
  rig.archive.shorten(1);
  const result<void> done = rig.put("archive", "a", "abcdef");
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == code::blob_corrupt);
  CHECK(done.error().actual_bytes == 5);
  CHECK(done.error().limit_bytes == 6);
  CHECK(rig.archive.keys() == std::vector<std::string>{"outsize/marker"});
}

TEST_CASE("blob upload: what cannot be verified and not be removed either is said") {
  service_rig rig;
  rig.archive.fail("stat", code::blob_unavailable);
  rig.archive.fail("remove", code::blob_denied);
  const result<void> done = rig.put("archive", "a", "abcdef");
  CHECK(done.error().code == code::blob_unavailable);
  CHECK(done.error().text.find("and it cannot be removed: a in the bent store: remove fails") != std::string::npos);
}

TEST_CASE("blob upload: a key that holds a blob already is refused, and that blob stays") {
  service_rig rig;
  REQUIRE(rig.put("archive", "a", "first").has_value());
  CHECK(rig.put("archive", "a", "second").error().code == code::blob_exists);
  CHECK(rig.archive.blob("a") == "first");
}

TEST_CASE("blob upload: abandoned before, between and behind its pieces, it leaves nothing and tells nobody") {
  const int pieces = GENERATE(0, 1, 2);
  const bool is_finished = GENERATE(false, true);
  CAPTURE(pieces, is_finished);
  service_rig rig;
  const upload_id upload = rig.service->begin("archive", "a", 6);
  std::vector<later<void>> answers;
  for (int i = 0; i < pieces; ++i) {
    answers.push_back(rig.add(upload, "abc"));
  }
  if (is_finished) {
    answers.push_back(rig.finish(upload));
  }
  rig.service->abandon(upload);
  rig.service->abandon(upload); // as often as one likes
  rig.wait_until_clean();
  for (const later<void> &answer : answers) {
    CHECK_FALSE(answer.came());
  }
  rig.run_until([&] { return rig.facts_of("archive").uploads == 0; });
}

TEST_CASE("blob upload: abandoned while it idles between two pieces, its put is given up") {
  service_rig rig;
  const upload_id upload = rig.service->begin("archive", "a", 6);
  REQUIRE(rig.wait_for(rig.add(upload, "abc")).has_value());
  CHECK(rig.archive.puts_alive() == 1);
  rig.service->abandon(upload);
  rig.wait_until_clean();
}

TEST_CASE("blob upload: abandoned inside of a call, the call is told to end") {
  const std::string call = GENERATE("begin", "chunk", "finish", "stat");
  CAPTURE(call);
  service_rig rig;
  rig.archive.hold(call);
  const upload_id upload = rig.service->begin("archive", "a", 3);
  const auto added = rig.add(upload, "abc");
  const auto done = rig.finish(upload);
  rig.run_until([&] { return rig.archive.calls(call) > 0; });
  const bool was_added = added.came();
  rig.service->abandon(upload);
  rig.wait_until_clean(); // nobody lets the call go
  CHECK(added.came() == was_added);
  CHECK_FALSE(done.came());
}

TEST_CASE("blob upload: abandoned inside of a finish that does not hear of it, its blob is taken back") {
  service_rig rig;
  rig.archive.hold("finish", true);
  const upload_id upload = rig.service->begin("archive", "a", 3);
  rig.add(upload, "abc");
  const auto done = rig.finish(upload);
  rig.run_until([&] { return rig.archive.calls("finish") > 0; });
  rig.service->abandon(upload);
  rig.archive.let_go();
  rig.wait_until_clean();
  CHECK_FALSE(done.came());
}

TEST_CASE("blob upload: a callback may abandon its own upload, and begin another") {
  service_rig rig;
  rig.archive.fail("begin", code::blob_denied);
  const upload_id upload = rig.service->begin("archive", "a", 6);
  upload_id second = 0;
  rig.service->add(upload, rope(buffer::copy_of("abc")), [&](const result<void> &outcome) {
    CHECK(outcome.error().code == code::blob_denied);
    rig.service->abandon(upload);
    second = rig.service->begin("other", "a", 3);
  });
  const auto never = rig.add(upload, "def");
  rig.run_until([&] { return second != 0; });
  rig.add(second, "xyz");
  CHECK(rig.wait_for(rig.finish(second)).has_value());
  CHECK_FALSE(never.came());
}

TEST_CASE("blob upload: a call that takes longer than it may ends by its deadline") {
  const std::string call = GENERATE("begin", "chunk", "finish", "stat");
  CAPTURE(call);
  service_rig rig(with_step_timeout(30ms));
  rig.archive.hold(call);
  const result<void> done = rig.put("archive", "a", "abc");
  CHECK(done.error().code == code::timed_out);
  rig.archive.let_go();
  rig.wait_until_clean();
}

TEST_CASE("blob upload: a store that does not answer in time is not waited for, and what it makes is taken back") {
  const std::string call = GENERATE("begin", "chunk", "finish");
  CAPTURE(call);
  service_rig rig(with_step_timeout(20ms, 20ms));
  rig.archive.hold(call, true);
  const upload_id upload = rig.service->begin("archive", "a", 3);
  const auto added = rig.add(upload, "abc");
  const auto done = rig.finish(upload);
  CHECK(rig.wait_for(done).error().code == code::timed_out);
  CHECK(done.outcome().error().text == "blob store \"archive\": a: the store has not answered in time");
  CHECK(added.times() == 1);
  rig.archive.let_go();
  rig.wait_until_clean();
  CHECK(done.times() == 1);
}

TEST_CASE("blob upload: bytes that the store has not taken are bounded (one below, exactly at, one above)") {
  blob_service_options how;
  how.uploads.bytes_max = 10;
  for (const std::size_t last : {1U, 2U, 3U}) {
    CAPTURE(last);
    service_rig rig(how);
    rig.archive.hold("chunk");
    const upload_id upload = rig.service->begin("archive", "a", 8 + last);
    const auto first = rig.add(upload, std::string(8, 'a'));
    const auto second = rig.add(upload, std::string(last, 'b'));
    if (last <= 2) {
      rig.archive.let_go();
      CHECK(rig.wait_for(second).has_value());
    } else {
      CHECK(rig.wait_for(second).error().code == code::overloaded);
      CHECK(second.outcome().error().actual_bytes == 11);
      CHECK(second.outcome().error().limit_bytes == 10);
    }
    rig.service->abandon(upload);
    rig.wait_until_clean();
  }
}

TEST_CASE("blob upload: one piece is always taken, and what was taken makes room") {
  blob_service_options how;
  how.uploads.bytes_max = 10;
  service_rig rig(how);
  const upload_id upload = rig.service->begin("archive", "a", 50);
  REQUIRE(rig.wait_for(rig.add(upload, std::string(30, 'a'))).has_value());
  REQUIRE(rig.wait_for(rig.add(upload, std::string(10, 'b'))).has_value());
  REQUIRE(rig.wait_for(rig.add(upload, std::string(10, 'c'))).has_value());
  CHECK(rig.wait_for(rig.finish(upload)).has_value());
}

TEST_CASE("blob upload: a slow store delays neither another store nor its own readers") {
  service_rig rig;
  REQUIRE(rig.put("archive", "old", "there").has_value());
  rig.archive.hold("chunk");
  std::vector<upload_id> stuck;
  for (int i = 0; i < 4; ++i) { // more than it has threads
    stuck.push_back(rig.service->begin("archive", "slow/" + std::to_string(i), 3));
    rig.add(stuck.back(), "abc");
  }
  CHECK(rig.put("other", "a", "quick").has_value());
  CHECK(text_of(rig.wait_for(rig.get("archive", "old", 0, 5))) == "there");
  CHECK(rig.state_of("archive") == OUTSIZE_BLOB_STORE_READY);
  rig.archive.let_go();
  for (const upload_id upload : stuck) {
    CHECK(rig.wait_for(rig.finish(upload)).has_value());
  }
}

TEST_CASE("blob service: its end ends the calls under way, and leaves no put behind") {
  const bool is_idle = GENERATE(false, true);
  auto rig = std::make_unique<service_rig>();
  bent_shelf &archive = rig->archive;
  const upload_id upload = rig->service->begin("archive", "a", 6);
  const auto first = rig->add(upload, "abc");
  if (is_idle) {
    rig->wait_for(first);
  } else {
    archive.hold("chunk");
    rig->add(upload, "def");
  }
  rig->service.reset();
  CHECK(archive.puts_alive() == 0);
  CHECK(archive.keys() == std::vector<std::string>{"outsize/marker"});
}
