// Records that are split or spilled, from the client's pieces to the entry that makes them visible.
#include "support/fake_blobs.hpp"
#include "support/sequencer_cluster.hpp"

#include <outsize/policy_plan.hpp>

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t fragment_bytes = 1000;
constexpr std::uint64_t applies_above = 4 * wire::kib;

host::chained_policy policy(const std::string &name, const policy_plan &plan) {
  return {name, applies_above, [plan](const outsize_policy_input &, outsize_policy_plan &to) -> result<void> {
            to = plan.raw();
            return {};
          }};
}

/// A client that sends a record in pieces.
struct sender {
  sequencer_cluster &cluster;
  std::string payload;
  buffer header;
  std::uint64_t stream = 0;
  std::uint64_t piece_bytes = 0;
  std::uint32_t next = 0;
  std::uint32_t taken = 0;
  std::optional<wire::append_result> outcome;

  sender(sequencer_cluster &where, std::string what, const wire::record_header &fields = {})
      : cluster(where), payload(std::move(what)), header(wire::encode_record_header(fields).value()) {}

  host::large_answer open(std::uint32_t restarts = 0) {
    host::large_answer made = cluster.sequencer->open_large({header, payload.size(), restarts}, 1, cluster.now);
    if (const auto *opened = std::get_if<host::large_opened>(&made)) {
      stream = opened->stream;
      piece_bytes = opened->piece_bytes;
    }
    return made;
  }
  void send(std::uint32_t index, const std::string &bytes, const std::string &digested) {
    cluster.sequencer->add_piece(stream, index, wire::digest_of(buffer::copy_of(digested).span()),
                                 rope(buffer::copy_of(bytes)), cluster.now,
                                 [this](const std::optional<wire::append_result> &told) {
                                   ++taken;
                                   outcome = told.has_value() ? told : outcome;
                                 });
  }
  void send_next() {
    const std::string piece = payload.substr(next * piece_bytes, piece_bytes);
    send(next++, piece, piece);
  }
  void send_all() {
    while (next * piece_bytes < payload.size()) {
      send_next();
    }
  }
  [[nodiscard]] wire::digest digest() const {
    rope all(header);
    all.append(buffer::copy_of(payload));
    return wire::digest_of(all);
  }
  void finish(std::optional<wire::digest> content = {}) {
    cluster.sequencer->finish_large(stream, content.value_or(digest()), cluster.now,
                                    [this](const wire::append_result &told) { outcome = told; });
  }
  [[nodiscard]] code refused() const {
    return !outcome ? code::internal : outcome->refused ? outcome->refused->why : code::ok;
  }
};

struct fixture : sequencer_cluster {
  fake_blobs blobs;

  explicit fixture(const policy_plan &plan = policy_plan::split(fragment_bytes)) {
    policies.push_back(policy("first", plan));
    options.blobs = &blobs;
  }
  void settle() {
    run();
    while (blobs.deliver_one()) {
      run();
    }
  }
  [[nodiscard]] std::optional<wire::entry_header> entry(wire::offset_t offset, std::uint32_t index = 0) {
    const auto &entries = peers.servers["n1"].segments[segment(index)].entries;
    const auto found = entries.find(offset);
    return found == entries.end() ? std::nullopt
                                  : std::optional(wire::decode_entry_header(found->second.header.span()).value());
  }
  [[nodiscard]] rope bytes_at(wire::offset_t offset, std::uint32_t index = 0) {
    return peers.servers["n1"].segments[segment(index)].entries.at(offset).bytes;
  }
  /// The payload of the split record whose commit is at `offset`, put together as a reader does.
  [[nodiscard]] std::string split_payload_at(wire::offset_t offset, std::uint32_t index = 0) {
    const wire::entry_header commit = entry(offset, index).value();
    REQUIRE(commit.kind == wire::entry_kind::commit);
    const rope body = bytes_at(offset, index);
    const wire::split_record split =
        wire::decode_split_record(body.slice(commit.record_header_bytes, commit.payload_bytes).flatten().span())
            .value();
    CHECK(commit.total_bytes == split.payload_bytes);
    std::string made;
    std::uint32_t seen = 0;
    for (wire::offset_t at = split.first; at <= split.last; ++at) {
      const wire::entry_header one = entry(at, index).value();
      if (one.set != commit.set || one.kind != wire::entry_kind::fragment) {
        continue;
      }
      CHECK(one.fragment_index == seen++);
      CHECK(one.total_bytes == split.payload_bytes);
      CHECK(one.record_header_bytes == 0);
      CHECK(wire::verify_entry(one, bytes_at(at, index)));
      made += bytes_at(at, index).flatten().text();
    }
    CHECK(seen == split.fragments);
    rope whole(body.slice(0, commit.record_header_bytes));
    whole.append(buffer::copy_of(made));
    CHECK(wire::digest_of(whole) == split.content);
    return made;
  }
  [[nodiscard]] std::vector<wire::entry_kind> kinds(std::uint32_t index = 0) {
    std::vector<wire::entry_kind> made;
    for (wire::offset_t at = 1; entry(at, index).has_value(); ++at) {
      made.push_back(entry(at, index)->kind);
    }
    return made;
  }
};

} // namespace

TEST_CASE("large append: what is above the threshold is split, and answered with the offset of its commit") {
  fixture cluster;
  cluster.start_and_open();
  const std::string payload = text_of_size(10'500);
  const handle before = cluster.append("small");
  const handle large = cluster.append(payload);
  const handle after = cluster.append("small too");
  cluster.settle();
  CHECK(before->offset() == 1);
  REQUIRE(large->refused() == code::ok);
  CHECK(large->only().stored == wire::stored_as::split);
  CHECK(large->only().fragments == 11);
  CHECK(large->only().policy_trace.size() == 1);
  CHECK(after->refused() == code::ok);
  CHECK(after->offset() < large->offset()); // it waits for no fragment of others
  CHECK(cluster.split_payload_at(large->offset()) == payload);
  CHECK(cluster.status().large.split == 1);
  CHECK(cluster.status().large.fragments == 11);
  CHECK(cluster.status().bytes_in_flight == 0);
}

TEST_CASE("large append: fragments exactly, a byte less and a byte more") {
  fixture cluster;
  cluster.start_and_open();
  for (const std::uint64_t bytes : {9'999U, 10'000U, 10'001U}) {
    const handle large = cluster.append(text_of_size(bytes));
    cluster.settle();
    REQUIRE(large->refused() == code::ok);
    CHECK(large->only().fragments == (bytes + 999) / 1000);
    CHECK(cluster.split_payload_at(large->offset()) == text_of_size(bytes));
  }
}

TEST_CASE("large append: a record that comes in pieces becomes visible when all of it is committed") {
  fixture cluster;
  cluster.start_and_open();
  sender client(cluster, text_of_size(5'500));
  REQUIRE(std::holds_alternative<host::large_opened>(client.open()));
  CHECK(client.piece_bytes == fragment_bytes);
  client.send_all();
  cluster.settle();
  CHECK(client.taken == 6);
  CHECK(cluster.kinds() == std::vector<wire::entry_kind>(6, wire::entry_kind::fragment));
  CHECK_FALSE(client.outcome.has_value());
  client.finish();
  cluster.settle();
  REQUIRE(client.refused() == code::ok);
  CHECK(client.outcome->offset == 7);
  CHECK(client.outcome->stored == wire::stored_as::split);
  CHECK(client.outcome->fragments == 6);
  CHECK(cluster.split_payload_at(7) == client.payload);
  CHECK(cluster.status().bytes_in_flight == 0);
}

TEST_CASE("large append: below the threshold a record is asked for whole, above every limit it is refused at once") {
  fixture cluster(policy_plan::reject("too much"));
  cluster.start_and_open();
  sender small(cluster, text_of_size(1000));
  CHECK(std::holds_alternative<host::send_whole>(small.open()));
  sender large(cluster, text_of_size(8000));
  const host::large_answer answer = large.open();
  REQUIRE(std::holds_alternative<wire::append_result>(answer));
  CHECK(std::get<wire::append_result>(answer).refused->why == code::rejected_by_policy);
  CHECK(std::get<wire::append_result>(answer).refused->policy_trace.size() == 1);
  CHECK(cluster.status().refused.at("rejected_by_policy") == 1);
  CHECK(cluster.status().next_offset == 1);
}

TEST_CASE("large append: what does not come as declared is refused, and leaves an abort entry and nothing visible") {
  const std::string payload = text_of_size(5'500);
  const auto attempt = [&](const std::function<void(sender &)> &wrong, code expected) {
    fixture cluster;
    cluster.start_and_open();
    sender client(cluster, payload);
    client.open();
    client.send_next();
    client.send_next();
    cluster.settle();
    wrong(client);
    cluster.settle();
    CHECK(client.refused() == expected);
    CHECK(cluster.kinds() == std::vector<wire::entry_kind>{wire::entry_kind::fragment, wire::entry_kind::fragment,
                                                           wire::entry_kind::abort});
    const wire::aborted_set left = wire::decode_aborted_set(cluster.bytes_at(3).flatten().span()).value();
    CHECK(left.fragments == 2);
    CHECK(left.bytes == 2000);
    CHECK(cluster.entry(3)->set == cluster.entry(1)->set);
    CHECK(cluster.status().bytes_in_flight == 0);
    CHECK(cluster.status().large.aborted == 1);
    CHECK(cluster.status().large_open == 0);
    client.send_next(); // nobody knows the stream any more
    CHECK(client.refused() == code::malformed);
  };
  const std::string piece = payload.substr(2000, 1000);
  attempt([&](sender &client) { client.send(3, piece, piece); }, code::malformed);
  attempt([&](sender &client) { client.send(2, piece + "x", piece + "x"); }, code::malformed);
  attempt([&](sender &client) { client.send(2, piece.substr(1), piece.substr(1)); }, code::malformed);
  attempt([&](sender &client) { client.send(2, piece, "other"); }, code::checksum_mismatch);
  attempt([](sender &client) { client.finish(); }, code::malformed); // too little
}

TEST_CASE("large append: another record than the digest of the whole says is refused") {
  fixture cluster;
  cluster.start_and_open();
  sender client(cluster, text_of_size(5'500));
  client.open();
  client.send_all();
  client.finish(wire::digest{});
  cluster.settle();
  CHECK(client.refused() == code::checksum_mismatch);
  CHECK(cluster.kinds().back() == wire::entry_kind::abort);
}

TEST_CASE("large append: more pieces than declared are refused") {
  fixture cluster;
  cluster.start_and_open();
  sender client(cluster, text_of_size(5'000));
  client.open();
  client.send_all();
  client.send(5, "x", "x");
  cluster.settle();
  CHECK(client.refused() == code::malformed);
}

TEST_CASE("large append: a client that leaves, and one that says nothing for 30 seconds, leave nothing visible") {
  fixture cluster;
  cluster.start_and_open();
  sender leaves(cluster, text_of_size(5'500));
  leaves.open();
  leaves.send_next();
  cluster.settle();
  cluster.sequencer->abandon_large(leaves.stream, cluster.now);
  cluster.settle();
  CHECK(cluster.kinds() == std::vector<wire::entry_kind>{wire::entry_kind::fragment, wire::entry_kind::abort});
  CHECK(cluster.status().bytes_in_flight == 0);

  sender sleeps(cluster, text_of_size(5'500));
  sleeps.open();
  sleeps.send_next();
  cluster.pass(29s);
  CHECK(cluster.status().large_open == 1);
  cluster.pass(2s);
  CHECK(cluster.status().large_open == 0);
  CHECK(cluster.kinds().back() == wire::entry_kind::abort);
  sleeps.send_next();
  CHECK(sleeps.refused() == code::timed_out);
  CHECK(cluster.status().bytes_in_flight == 0);
}

TEST_CASE("large append: the window bounds what is on its way, and records take turns") {
  fixture cluster;
  cluster.options.bulk_window_bytes = 4 * fragment_bytes;
  cluster.options.pipeline_batches = 100;
  cluster.start_and_open();
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.hold(node);
  }
  sender one(cluster, text_of_size(20'000, 'x'));
  sender two(cluster, text_of_size(20'000, 'y'));
  one.open();
  two.open();
  one.send_all();
  two.send_all();
  cluster.run();
  CHECK(one.taken + two.taken == 4);
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.let_go(node);
  }
  one.finish();
  two.finish();
  cluster.settle();
  REQUIRE(one.refused() == code::ok);
  REQUIRE(two.refused() == code::ok);
  CHECK(cluster.split_payload_at(one.outcome->offset) == one.payload);
  CHECK(cluster.split_payload_at(two.outcome->offset) == two.payload);
  // Behind the first four, which had the window to themselves, they alternate.
  for (wire::offset_t at = 10; at < 30; ++at) {
    CHECK(cluster.entry(at)->set != cluster.entry(at + 1)->set);
  }
}

TEST_CASE("large append: later appends of the producer stay behind it, those of others do not wait") {
  fixture cluster;
  cluster.start_and_open();
  sender large(cluster, text_of_size(5'500), of_producer("p", 1, 0));
  large.open();
  large.send_next();
  const handle second = cluster.append("second", of_producer("p", 2, 1));
  const handle third = cluster.append("third", of_producer("p", 3, 2));
  const handle other = cluster.append("other", of_producer("q", 1, 0));
  cluster.settle();
  CHECK(other->refused() == code::ok);
  CHECK_FALSE(second->answered);
  large.send_all();
  large.finish();
  cluster.settle();
  REQUIRE(large.refused() == code::ok);
  CHECK(second->offset() == large.outcome->offset + 1);
  CHECK(third->offset() == large.outcome->offset + 2);
}

TEST_CASE("large append: what waits behind a record that ends is out of order") {
  fixture cluster;
  cluster.start_and_open();
  sender large(cluster, text_of_size(5'500), of_producer("p", 1, 0));
  large.open();
  large.send_next();
  const handle second = cluster.append("second", of_producer("p", 2, 1));
  cluster.settle();
  cluster.sequencer->abandon_large(large.stream, cluster.now);
  cluster.settle();
  CHECK(second->refused() == code::sequence_out_of_order);
  const handle again = cluster.append("first", of_producer("p", 1, 0));
  cluster.settle();
  CHECK(again->refused() == code::ok);
}

TEST_CASE("large append: a deadline ends what is not whole, and what waits behind it") {
  fixture cluster;
  cluster.start_and_open();
  sender large(cluster, text_of_size(5'500), of_producer("p", 1, 0));
  large.open();
  const handle second = cluster.append("second", of_producer("p", 2, 1), cluster.now + 5s);
  cluster.pass(6s);
  CHECK(second->refused() == code::timed_out);
  CHECK(cluster.status().large_open == 1);
}

TEST_CASE("large append: a sequence sent again is answered with what became of the first") {
  fixture cluster;
  cluster.start_and_open();
  const wire::record_header fields = of_producer("p", 1, 0);
  sender first(cluster, text_of_size(5'500), fields);
  first.open();
  const host::large_answer meanwhile = sender(cluster, first.payload, fields).open();
  REQUIRE(std::holds_alternative<wire::append_result>(meanwhile));
  CHECK(std::get<wire::append_result>(meanwhile).refused->why == code::overloaded);
  first.send_all();
  first.finish();
  cluster.settle();
  const host::large_answer again = sender(cluster, first.payload, fields).open();
  REQUIRE(std::holds_alternative<wire::append_result>(again));
  const wire::append_result &told = std::get<wire::append_result>(again);
  CHECK(told.duplicate == 1);
  CHECK(told.offset == first.outcome->offset);
  CHECK(told.stored == wire::stored_as::split);
  CHECK(told.fragments == 6);
}

TEST_CASE("large append: the end of a segment cuts off what comes in pieces, and what is in memory goes on") {
  fixture cluster;
  cluster.options.bulk_window_bytes = 2 * fragment_bytes;
  cluster.start_and_open();
  sender stream(cluster, text_of_size(5'500), of_producer("p", 1, 0));
  stream.open();
  stream.send_next();
  const std::string payload = text_of_size(9'000, 'm');
  cluster.run();
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.hold(node);
  }
  const handle whole = cluster.append(payload, of_producer("q", 1, 0));
  const handle behind = cluster.append("behind", of_producer("q", 2, 1));
  cluster.run();
  // Two of three servers come back with a lower limit: the segment must end.
  cluster.peers.let_go("n1");
  cluster.peers.let_go("n2");
  cluster.peers.let_go("n3");
  cluster.restart_with_limit("n1", 16 * wire::mib);
  cluster.restart_with_limit("n2", 16 * wire::mib);
  cluster.settle();
  cluster.pass(5s);
  REQUIRE(cluster.log().chain.size() == 2);
  stream.send_next();
  CHECK(stream.refused() == code::log_recovering);
  REQUIRE(whole->refused() == code::ok);
  CHECK(cluster.split_payload_at(whole->offset(), 1) == payload);
  CHECK(behind->offset() == whole->offset() + 1);
  CHECK(cluster.status().large.cut_off == 2);

  sender again(cluster, stream.payload, of_producer("p", 1, 0));
  REQUIRE(std::holds_alternative<host::large_opened>(again.open(1)));
  again.send_all();
  again.finish();
  cluster.settle();
  CHECK(again.refused() == code::ok);
  CHECK(cluster.status().bytes_in_flight == 0);
}

TEST_CASE("large append: after five restarts a record is refused") {
  fixture cluster;
  cluster.start_and_open();
  sender client(cluster, text_of_size(5'500));
  CHECK(std::holds_alternative<host::large_opened>(client.open(5)));
  const host::large_answer answer = client.open(6);
  REQUIRE(std::holds_alternative<wire::append_result>(answer));
  CHECK(std::get<wire::append_result>(answer).refused->why == code::log_unavailable);
}

TEST_CASE("large append: so many may be under way, and no more") {
  fixture cluster;
  cluster.options.large_appends_max = 2;
  cluster.start_and_open();
  sender one(cluster, text_of_size(5'500));
  sender two(cluster, text_of_size(5'500));
  sender three(cluster, text_of_size(5'500));
  CHECK(std::holds_alternative<host::large_opened>(one.open()));
  CHECK(std::holds_alternative<host::large_opened>(two.open()));
  const host::large_answer refused = three.open();
  REQUIRE(std::holds_alternative<wire::append_result>(refused));
  CHECK(std::get<wire::append_result>(refused).refused->why == code::overloaded);
  cluster.sequencer->abandon_large(one.stream, cluster.now);
  CHECK(std::holds_alternative<host::large_opened>(three.open()));
}

TEST_CASE("large append: what comes in pieces takes credit for what there is of it, not for a whole window") {
  fixture cluster;
  cluster.options.bulk_window_bytes = 64 * wire::kib;
  cluster.options.in_flight_bytes = 32 * wire::kib;
  cluster.start_and_open();
  sender first(cluster, std::string(10'000, 'a'));
  sender second(cluster, std::string(10'000, 'b'));
  CHECK(std::holds_alternative<host::large_opened>(first.open()));
  CHECK(std::holds_alternative<host::large_opened>(second.open()));
  CHECK(cluster.status().bytes_in_flight < 32 * wire::kib);
}

TEST_CASE("large append: a window beyond what one producer may have in flight is as large as that") {
  fixture cluster;
  cluster.options.bulk_window_bytes = 64 * wire::kib;
  cluster.options.producer_in_flight_bytes = 4 * fragment_bytes;
  cluster.options.pipeline_batches = 100;
  cluster.start_and_open();
  for (const std::string node : {"n1", "n2", "n3"}) {
    cluster.peers.hold(node);
  }
  sender client(cluster, text_of_size(20'000));
  const host::large_answer opened = client.open();
  REQUIRE(std::holds_alternative<host::large_opened>(opened));
  CHECK(std::get<host::large_opened>(opened).window_bytes == 4 * fragment_bytes);
  client.send_all();
  cluster.run();
  CHECK(client.taken == 4);
}

TEST_CASE("large append: a spilled record is durable in its store before its reference is appended") {
  fixture cluster(policy_plan::spill("archive"));
  cluster.start_and_open();
  sender client(cluster, text_of_size(2 * wire::mib + 5));
  client.open();
  CHECK(client.piece_bytes == wire::mib);
  client.send_all();
  client.finish();
  cluster.run();
  CHECK(cluster.kinds().empty());
  cluster.settle();
  REQUIRE(client.refused() == code::ok);
  CHECK(client.taken == 3);
  CHECK(client.outcome->stored == wire::stored_as::spilled);
  CHECK(client.outcome->store == "archive");
  const wire::entry_header reference = cluster.entry(client.outcome->offset).value();
  REQUIRE(reference.kind == wire::entry_kind::reference);
  const wire::spilled_record spilled =
      wire::decode_spilled_record(cluster.bytes_at(client.outcome->offset)
                                      .slice(reference.record_header_bytes, reference.payload_bytes)
                                      .flatten()
                                      .span())
          .value();
  CHECK(spilled.store == "archive");
  CHECK(spilled.payload_bytes == client.payload.size());
  CHECK(spilled.content == client.digest());
  CHECK(cluster.blobs.blobs.at("archive/" + spilled.key) == client.payload);
  CHECK(cluster.status().large.spilled == 1);
}

TEST_CASE("large append: a store that fails refuses what comes in pieces, and leaves no blob and no entry") {
  fixture cluster(policy_plan::spill("archive"));
  cluster.start_and_open();
  sender client(cluster, text_of_size(2 * wire::mib));
  client.open();
  client.send_next();
  cluster.settle();
  cluster.blobs.fails = make_error(code::disk_full, "no space");
  client.send_next();
  cluster.settle();
  CHECK(client.refused() == code::disk_full);
  CHECK(cluster.kinds().empty());
  CHECK(cluster.blobs.uploads() == 0);
  CHECK(cluster.status().bytes_in_flight == 0);
}

TEST_CASE("large append: when a spill of what is in memory fails, the chain is asked again and told") {
  fixture cluster(policy_plan::spill("archive"));
  std::uint32_t told = 0;
  cluster.policies.front().decide = [&told](const outsize_policy_input &input, outsize_policy_plan &to) {
    told = input.plans_failed;
    to = (told == 0 ? policy_plan::spill("archive") : policy_plan::split(fragment_bytes)).raw();
    return result<void>();
  };
  cluster.start_and_open();
  cluster.blobs.fails = make_error(code::disk_full, "no space");
  const handle large = cluster.append(text_of_size(5'500));
  cluster.settle();
  CHECK(told == 1);
  REQUIRE(large->refused() == code::ok);
  CHECK(large->only().stored == wire::stored_as::split);
}
