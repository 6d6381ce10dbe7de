#include "segment_fixture.hpp"

#include "host/segment/seal.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;

TEST_CASE("seal: done at an f-majority, and goes on with the rest (3 members, 2 copies)") {
  segment_fixture fixture;
  fixture.fill("n1", 1, 5);
  fixture.peers.hold("n3");
  host::segment_seal seal(fixture.task, fixture.peers);
  fixture.run(seal);
  CHECK(seal.done());
  CHECK(seal.sealed().size() == 2);
  CHECK(seal.sealed().at("n1").local_tail == 5);
  CHECK(fixture.at("n1").state.fence == 5);
  fixture.peers.let_go("n3");
  fixture.run(seal);
  CHECK(seal.sealed().size() == 3);
}

TEST_CASE("seal: one server below an f-majority is not enough, and the missing are named") {
  segment_fixture fixture;
  fixture.peers.link_down("n2");
  fixture.peers.link_down("n3");
  host::segment_seal seal(fixture.task, fixture.peers);
  fixture.pass(seal, 1s);
  CHECK_FALSE(seal.done());
  CHECK(seal.waits_for().find("n2 (link_down") != std::string::npos);
  CHECK(seal.waits_for().find("1 of 3") != std::string::npos);
  fixture.peers.link_up("n2", 32 * wire::mib);
  seal.on_link_up("n2");
  fixture.run(seal);
  CHECK(seal.done());
}

TEST_CASE("seal: a server that says nothing is asked again after the timeout") {
  segment_fixture fixture;
  fixture.peers.link_down("n3");
  fixture.peers.lose_answers("n2", true);
  host::segment_seal seal(fixture.task, fixture.peers);
  fixture.pass(seal, 11s);
  CHECK_FALSE(seal.done());
  fixture.peers.lose_answers("n2", false);
  fixture.pass(seal, 11s);
  CHECK(seal.done());
}

TEST_CASE("seal: a newer fence means superseded, the same generation does not") {
  segment_fixture fixture;
  fixture.at("n2").state.fence = 5;
  host::segment_seal same(fixture.task, fixture.peers);
  fixture.run(same);
  CHECK(same.done());
  CHECK_FALSE(same.superseded().has_value());
  fixture.at("n2").state.fence = 6;
  host::segment_seal older(fixture.task, fixture.peers);
  fixture.run(older);
  REQUIRE(older.superseded().has_value());
  CHECK(older.superseded()->find("n2 answered a seal with fenced") == 0);
}

TEST_CASE("seal: an answer after its end is nobody's") {
  segment_fixture fixture;
  auto seal = std::make_unique<host::segment_seal>(fixture.task, fixture.peers);
  seal->step(fixture.now);
  seal.reset();
  while (fixture.peers.deliver_one()) {
  }
  CHECK_FALSE(fixture.changed);
}
