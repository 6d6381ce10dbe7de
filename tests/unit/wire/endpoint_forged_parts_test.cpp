#include "support/parts.hpp"

using namespace std::chrono_literals;
using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

TEST_CASE("forged parts: good ones are taken") {
  forger from;
  from.send(0, 4 * kib);
  from.send(4 * kib, from.whole.size() - 4 * kib);
  from.peer.settle();
  REQUIRE(from.pair.b.messages.size() == 1);
  CHECK(same(from.pair.b.messages[0].payload, pattern(10 * kib)));
  CHECK(from.pair.b.inside.assembly_bytes() == 0);
}

TEST_CASE("forged parts: a gap, a repeat, an overlap close the link") {
  for (const std::uint64_t from_byte : {4 * kib + 1, std::uint64_t{0}, 4 * kib - 1}) {
    forger from;
    from.send(0, 4 * kib);
    from.send(from_byte, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: one that begins in the middle, or with a name used before, closes the link") {
  SECTION("in the middle") {
    forger from;
    from.send(4 * kib, 4 * kib);
    from.check_closed();
  }
  SECTION("a name used before") {
    forger from;
    from.send(0, 4 * kib);
    from.send(4 * kib, from.whole.size() - 4 * kib);
    from.send(0, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: sizes that change on the way close the link") {
  for (const bool total : {true, false}) {
    forger from;
    from.send(0, 4 * kib);
    part head{1, from.header_bytes, from.whole.size(), 4 * kib};
    (total ? head.total_bytes : head.header_bytes) += 1;
    from.send(head, 4 * kib, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: impossible sizes close the link, whatever they declare") {
  struct forged {
    std::uint64_t header_bytes;
    std::uint64_t total_bytes;
  };
  const forged sizes[] = {{0, 10 * kib},
                          {envelope_bytes - 1, 10 * kib},
                          {10 * kib + 1, 10 * kib},
                          {header_part_bytes_max + 1, 10 * mib},
                          {100, UINT64_MAX},
                          {UINT64_MAX, UINT64_MAX},
                          {100, message_limit_bytes_max + 1}};
  for (const forged &one : sizes) {
    INFO(one.header_bytes << " of " << one.total_bytes);
    forger from;
    from.send({1, one.header_bytes, one.total_bytes, 0}, 0, 4 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: a huge total that is not sent holds what came and no more") {
  forger from;
  from.send({1, from.header_bytes, 60 * mib, 0}, 0, 4 * kib);
  from.peer.settle();
  CHECK(from.pair.b.inside.assembly_bytes() == 4 * kib);
  CHECK_FALSE(from.peer.is_down);
}

TEST_CASE("forged parts: a piece below the least, or larger than what is left, closes the link") {
  SECTION("at the least") {
    forger from;
    from.send(0, part_piece_bytes_min);
    from.peer.settle();
    CHECK(from.pair.b.misbehaviours.empty());
  }
  SECTION("one below the least") {
    forger from;
    from.send(0, part_piece_bytes_min - 1);
    from.check_closed();
  }
  SECTION("larger than what is left") {
    forger from;
    from.send({1, from.header_bytes, 4 * kib, 0}, 0, 5 * kib);
    from.check_closed();
  }
}

TEST_CASE("forged parts: more than the window without credit closes the link") {
  endpoint_options of_b = world::options_of("b");
  of_b.self.part_window_bytes = 64 * kib;
  linked_pair pair(world::options_of("a"), of_b);
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  const buffer header = seal_envelope(encode(store{}), kind::store, 5);
  rope whole(header);
  whole.append(pattern(mib));
  peer.send_message(part{1, header.size(), whole.size(), 0}, 0, whole.slice(0, 64 * kib));
  pair.run_for(1s);
  CHECK(pair.b.misbehaviours.size() == 1);
  CHECK(peer.is_down);
}

TEST_CASE("forged parts: too many messages under way close the link (at the limit, one above)") {
  forger from(10 * kib, 0); // without a number, so that it is not used twice
  for (std::uint64_t name = 1; name <= large_messages_max; ++name) {
    from.send(0, part_piece_bytes_min, name);
  }
  from.peer.settle();
  CHECK(from.pair.b.misbehaviours.empty());
  from.send(0, part_piece_bytes_min, large_messages_max + 1);
  from.check_closed();
}

TEST_CASE("forged parts: a request whose number is in use closes the link") {
  forger from;
  from.send(0, 4 * kib, 1);
  from.peer.settle();
  CHECK(from.pair.b.misbehaviours.empty());
  from.send(0, 4 * kib, 2);
  from.check_closed();
}

TEST_CASE("forged parts: the endpoint's own kinds do not come in parts") {
  linked_pair pair;
  raw_peer peer(pair, "scripted://b");
  peer.greet();
  rope whole(seal_envelope(encode(part{}), kind::part, 0));
  whole.append(pattern(10 * kib));
  peer.send_message(part{1, part_overhead_bytes, whole.size(), 0}, 0, whole.slice(0, 4 * kib));
  pair.run_for(1s);
  CHECK(pair.b.misbehaviours.size() == 1);
  CHECK(peer.is_down);
}

TEST_CASE("forged parts: the end of a message that nobody knows is ignored") {
  forger from;
  from.send({9, 0, 0, 0}, 0, 0);
  from.peer.settle();
  CHECK(from.pair.b.misbehaviours.empty());
}
