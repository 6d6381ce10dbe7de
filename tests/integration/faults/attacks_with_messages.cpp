#include "attacks.hpp"

#include "integration/support/await.hpp"
#include "rogue.hpp"

#include <outsize/wire/limits.hpp>

namespace outsize::faults {
namespace {

constexpr std::uint64_t absurd = UINT64_C(1) << 63;
constexpr std::uint64_t question = 7; ///< a number for requests

time_point soon() {
  return steady_now() + test::patience;
}

/// Does something behind a hello; the link must end.
attack ended_after(const std::string &name, const std::string &logged, std::function<void(rogue &)> act) {
  return {name, logged, [act = std::move(act)](const std::string &address) {
            rogue peer(address);
            peer.greet();
            act(peer);
            CHECK(peer.await_down(soon()));
          }};
}
template <class Message> attack not_from_clients(const Message &message, std::uint64_t number = question) {
  const std::string kind(wire::name_of(Message::number));
  return ended_after("a " + kind + " from a client", kind + " came from a client",
                     [=](rogue &peer) { peer.send(message, number); });
}

attack refused_hello(const std::string &name, const wire::hello &said, const std::string &logged) {
  return {name, logged, [said](const std::string &address) {
            rogue peer(address);
            peer.send(said);
            CHECK(peer.await_down(soon()));
          }};
}

/// A request that must be answered by a failure of this kind.
template <class Message> attack refused(const std::string &name, const Message &message, code why) {
  return {name, "", [message, why](const std::string &address) {
            rogue peer(address);
            peer.greet();
            peer.send(message, question);
            const auto answer = peer.await_answer(question, soon());
            REQUIRE(answer.has_value());
            CHECK(answer->what == wire::kind::failure);
            CHECK(answer->why.why == why);
            CHECK(answer->why.text != "");
          }};
}
/// A request that must be answered, whatever the answer is.
template <class Message> attack answered(const std::string &name, const Message &message) {
  return {name, "", [message](const std::string &address) {
            rogue peer(address);
            peer.greet();
            peer.send(message, question);
            CHECK(peer.await_answer(question, soon()).has_value());
          }};
}

/// The outcome in an answer about a large append; code::ok when it is another answer, or says nothing.
code why_refused(const rogue::answer &answer) {
  std::optional<wire::append_result> outcome;
  if (answer.what == wire::kind::append_opened) {
    outcome = wire::decode<wire::append_opened>(answer.header).value().outcome;
  } else if (answer.what == wire::kind::piece_taken) {
    outcome = wire::decode<wire::piece_taken>(answer.header).value().outcome;
  } else if (answer.what == wire::kind::append_finished) {
    outcome = wire::decode<wire::append_finished>(answer.header).value().outcome;
  }
  return outcome.has_value() && outcome->refused.has_value() ? outcome->refused->why : code::ok;
}

/// What is wrong with it is said in the answer of its kind: a refusal, and the stream is not open.
template <class Message>
attack refused_inside(const std::string &name, const Message &message, code why, const rope &payload = {}) {
  return {name, "", [message, why, payload](const std::string &address) {
            rogue peer(address);
            peer.greet();
            peer.send(message, question, payload);
            const auto answer = peer.await_answer(question, soon());
            REQUIRE(answer.has_value());
            CHECK(why_refused(*answer) == why);
          }};
}

/// The first part of a piece that would be `bytes` long, of a stream that is not open: answered before the rest comes.
attack piece_of_nothing(const std::string &name, std::uint64_t bytes) {
  return {name, "", [bytes](const std::string &address) {
            rogue peer(address);
            peer.greet();
            const buffer header =
                wire::seal_envelope(wire::encode(wire::append_piece{1, 0, {}}), wire::kind::append_piece, question);
            rope first(header);
            first.append(rope(writable_buffer(wire::kib).freeze()));
            peer.send(wire::part{1, header.size(), header.size() + bytes, 0}, 0, first);
            const auto answer = peer.await_answer(question, soon());
            REQUIRE(answer.has_value());
            CHECK(why_refused(*answer) == code::not_found);
          }};
}

/// Gives up what was never begun, and is served all the same.
attack gives_up_nothing(const std::string &name, std::uint64_t stream) {
  return {name, "", [stream](const std::string &address) {
            rogue peer(address);
            peer.greet();
            peer.send(wire::abandon_append{stream});
            peer.send(wire::find_tail{"orders", 0}, question);
            CHECK(peer.await_answer(question, soon()).has_value());
          }};
}

/// [kind, number, body] with a body of `depth` arrays, one inside the other.
buffer nested(wire::kind what, std::uint64_t depth) {
  writable_buffer bytes(wire::envelope_bytes + depth);
  std::fill(bytes.data() + wire::envelope_bytes, bytes.data() + bytes.size(), std::uint8_t{0x91});
  return wire::seal_envelope(std::move(bytes), what, question);
}

/// A part of a large append, as an honest client makes it.
wire::part part_of(std::uint64_t message, std::uint64_t total_bytes, std::uint64_t from = 0) {
  return {message, wire::envelope_bytes + 100, total_bytes, from};
}
rope piece(std::uint64_t bytes) {
  writable_buffer made(bytes);
  std::fill(made.data(), made.data() + bytes, std::uint8_t{0});
  const buffer head = wire::seal_envelope(writable_buffer(wire::envelope_bytes), wire::kind::append, question);
  std::copy(head.data(), head.data() + head.size(), made.data());
  return {std::move(made).freeze()};
}

} // namespace

std::vector<attack> attacks_before_hello() {
  wire::hello foreign = rogue::client_hello();
  foreign.role = wire::peer_role::node;
  foreign.cluster_name = "another";
  wire::hello other_id = foreign;
  other_id.cluster_name = "test";
  other_id.cluster.fill(7);
  wire::hello small = rogue::client_hello();
  small.message_limit_bytes = 1;
  wire::hello newer = rogue::client_hello();
  newer.protocol_min = newer.protocol_max = UINT16_MAX;
  const auto sent = [](const std::string &name, const buffer &header, const std::string &logged) {
    return attack{name, logged, [header](const std::string &address) {
                    rogue peer(address);
                    peer.send_parts(header);
                    CHECK(peer.await_down(soon()));
                  }};
  };
  return {
      refused_hello("a hello from another cluster", foreign, "belongs to cluster \"another\""),
      refused_hello("a hello with another cluster's id", other_id, "has data of another cluster than node"),
      refused_hello("a hello with a message limit of one byte", small, "a message limit of 1 bytes"),
      refused_hello("a hello of a protocol to come", newer, "protocol versions 65535 to 65535"),
      sent("a store before the hello", wire::seal_envelope(wire::encode(wire::store{}), wire::kind::store, question),
           "came before the hello"),
      sent("a hello of 1,000,000 nested arrays", nested(wire::kind::hello, 1'000'000), "hello: "),
      sent("a header part that is not MessagePack", buffer::of_static("no MessagePack"), "envelope: "),
      sent("a header part of 5 MiB", nested(wire::kind::hello, 5 * wire::mib), "impossible size"),
      {"a message above the limit", "over a link with a limit of",
       [](const std::string &address) {
         rogue peer(address);
         peer.send_parts(wire::seal_envelope(wire::encode(rogue::client_hello()), wire::kind::hello, 0),
                         rope(writable_buffer(33 * wire::mib).freeze()));
         CHECK(peer.await_down(soon()));
       }},
  };
}

std::vector<attack> attacks_after_hello() {
  return {
      not_from_clients(wire::store{}),
      not_from_clients(wire::seal{{1, 0}, absurd, absurd}),
      not_from_clients(wire::fetch{}),
      not_from_clients(wire::list_entries{}),
      not_from_clients(wire::describe_segment{}),
      not_from_clients(wire::release{{1, 0}, absurd, absurd}, 0),
      not_from_clients(wire::sync_metadata{0, absurd}),
      not_from_clients(wire::update_metadata{"log/orders", 0, "{}"}),
      ended_after("a part of 2^63 bytes", "cannot be",
                  [](rogue &peer) { peer.send(part_of(1, absurd), 0, piece(wire::mib / 2)); }),
      ended_after("a header part larger than its message", "cannot be",
                  [](rogue &peer) { peer.send(part_of(1, 50), 0, piece(wire::kib)); }),
      ended_after("a part from the middle", "no message of that name",
                  [](rogue &peer) { peer.send(part_of(1, wire::mib, 512), 0, piece(wire::kib)); }),
      ended_after("parts in the wrong order", "the next piece begins at",
                  [](rogue &peer) {
                    peer.send(part_of(1, 4 * wire::mib), 0, piece(wire::mib / 2));
                    peer.send(part_of(1, 4 * wire::mib, 3 * wire::mib), 0, piece(wire::mib / 2));
                  }),
      ended_after("more messages in parts than there may be", "too many messages in parts",
                  [](rogue &peer) {
                    for (std::uint64_t name = 1; name <= wire::large_messages_max + 1; ++name) {
                      peer.send(part_of(name, 2 * wire::mib), 0, piece(2 * wire::kib));
                    }
                  }),
      ended_after("credit of 2^63", "credit of 9223372036854775808",
                  [](rogue &peer) { peer.send(wire::credit{absurd}); }),
      ended_after("a number used twice", "was used twice",
                  [](rogue &peer) {
                    wire::read waiting;
                    waiting.log = "orders";
                    waiting.from = absurd;
                    waiting.wait_ms = UINT64_MAX;
                    peer.send(waiting, question);
                    peer.send(waiting, question);
                  }),
      ended_after("a request without a number", "without a number",
                  [](rogue &peer) { peer.send(wire::find_tail{"orders", 0}, 0); }),
      ended_after("a second hello", "a second hello", [](rogue &peer) { peer.send(rogue::client_hello()); }),
  };
}

std::vector<attack> absurd_requests() {
  wire::append claims;
  claims.log = "orders";
  claims.records.resize(3);
  for (wire::record_item &item : claims.records) {
    item.record_header_bytes = UINT32_MAX;
    item.payload_bytes = absurd;
  }
  claims.time_left_ms = UINT64_MAX;
  claims.relayed = UINT8_MAX;
  wire::append crowd;
  crowd.log = "orders";
  crowd.records.resize(50'000);
  wire::read reading;
  reading.log = "orders";
  reading.from = UINT64_MAX;
  reading.to = 0;
  reading.count_max = UINT32_MAX;
  reading.bytes_max = UINT64_MAX;
  wire::read nowhere = reading;
  nowhere.to = UINT64_MAX;
  wire::read all = nowhere;
  all.from = 0;
  const rope no_fields(buffer::of_static("\x80")); // a record header
  wire::open_append endless{"orders", absurd, UINT64_MAX, UINT8_MAX, UINT32_MAX};
  wire::open_append headless{"orders", 64 * wire::mib, 0, 0, 0};
  wire::command deep{"log-describe", std::string(wire::mib, '[')};
  wire::command twice{"log-create", R"({"name":"twice","nodeset":["n1","n1"],"sequencer":"n3"})"};
  return {
      refused("an append of 2^63 bytes", claims, code::malformed),
      answered("an append of 50,000 records without bytes", crowd),
      answered("a read from the last offset to the first", reading),
      answered("a read from the last offset on", nowhere),
      answered("a read of everything at once", all),
      answered("an append to a log that is not there", wire::append{"nowhere", {}, absurd, 0}),
      answered("a tail asked for by a relay of a relay", wire::find_tail{"orders", UINT8_MAX}),
      answered("a large append of 2^63 bytes, without a record header", endless),
      answered("a large append without a record header", headless),
      refused_inside("a large append to a log that is not there", wire::open_append{"nowhere", absurd, 0, 0, 0},
                     code::unknown_log, no_fields),
      refused_inside("a piece of a stream that is not open", wire::append_piece{absurd, UINT32_MAX, {}},
                     code::not_found, rope(writable_buffer(wire::kib).freeze())),
      piece_of_nothing("a piece of 512 MiB of a stream that is not open", 512 * wire::mib),
      refused_inside("the end of a stream that is not open", wire::finish_append{0, {}}, code::not_found),
      gives_up_nothing("a stream given up that is not open", absurd),
      refused("arguments of 1 MiB of brackets", deep, code::invalid_argument),
      refused("a nodeset with the same node twice", twice, code::invalid_argument),
      refused("a digest without numbers", wire::command{"digest", R"({"log":"orders","from":-1,"to":"x"})"},
              code::invalid_argument),
      refused("a command that is none", wire::command{std::string(wire::kib, 'x'), ""}, code::unsupported),
  };
}

} // namespace outsize::faults
