// A log with split and spilled records on model servers, and its readers: whole records and payloads piece by piece.
#pragma once

#include "unit/sequencer/support/fake_blobs.hpp"
#include "unit/sequencer/support/fake_peers.hpp"
#include "unit/sequencer/support/make_record.hpp"

#include "host/segment/large_description.hpp"
#include "host/segment/payload_reader.hpp"
#include "host/segment/read_stream.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::test {

struct large_fixture {
  explicit large_fixture(std::vector<std::string> nodes = {"n1", "n2", "n3"}) {
    host::log_record log;
    log.id = segment.log;
    log.name = "orders";
    log.nodeset = nodes;
    host::segment_record first;
    first.base = wire::first_offset;
    first.nodeset = nodes;
    log.chain.push_back(first);
    view.revision = 1;
    view.logs["orders"] = {1, log};
    for (const std::string &node : nodes) {
      peers.link_up(node, 32 * wire::mib);
    }
  }

  time_point now{std::chrono::seconds(1000)};
  wire::segment_id segment{7, 0};
  host::cluster_view view;
  fake_peers peers;
  fake_blobs blobs;
  host::description_cache known;
  std::uint64_t room = 64 * wire::mib; ///< bytes for answers
  std::vector<std::string> lines;
  wire::offset_t tail = wire::first_offset; ///< of what was put, all of it committed
  std::uint64_t last_set = 0;
  host::payload_reader::environment payloads = environment();

  // ---- what is in the log

  host::log_record &log() { return view.logs["orders"].record; }
  std::map<wire::offset_t, model_server::stored_entry> &at(const std::string &node) {
    return peers.servers[node].segments[segment].entries;
  }
  /// Gives every server the entry; returns its offset.
  wire::offset_t put(wire::entry_header facts, const rope &body) {
    facts.segment = segment;
    facts.offset = tail;
    facts.generation = 1;
    facts.payload_bytes = body.size() - facts.record_header_bytes;
    facts.content = wire::digest_of(body);
    for (const std::string &node : log().nodeset) {
      at(node)[tail] = {wire::encode_entry_header(facts), body};
    }
    return tail++;
  }
  wire::offset_t put_record(const std::string &payload) {
    const host::append_item item = make_item(payload);
    wire::entry_header facts;
    facts.record_header_bytes = item.item.record_header_bytes;
    return put(facts, item.bytes);
  }
  wire::offset_t put_filler() {
    wire::entry_header facts;
    facts.kind = wire::entry_kind::filler;
    return put(facts, {});
  }
  wire::offset_t put_fragment(const std::string &payload, std::uint64_t fragment_bytes, std::uint32_t index) {
    wire::entry_header facts;
    facts.kind = wire::entry_kind::fragment;
    facts.set = last_set;
    facts.fragment_index = index;
    facts.total_bytes = payload.size();
    return put(facts, rope(buffer::copy_of(payload.substr(index * fragment_bytes, fragment_bytes))));
  }
  wire::offset_t put_described(wire::entry_kind kind, std::uint64_t payload_bytes, const buffer &description) {
    wire::entry_header facts;
    facts.kind = kind;
    facts.set = kind == wire::entry_kind::commit ? last_set : 0;
    facts.total_bytes = payload_bytes;
    rope body(wire::encode_record_header({}).value());
    facts.record_header_bytes = static_cast<std::uint32_t>(body.size());
    body.append(description);
    return put(facts, body);
  }
  /// A split record whose fragments have other records between them; returns where it is committed.
  wire::offset_t put_split(const std::string &payload, std::uint64_t fragment_bytes, bool mixed = true) {
    ++last_set;
    wire::split_record split;
    split.fragment_bytes = fragment_bytes;
    split.payload_bytes = payload.size();
    split.content = wire::digest_of(make_item(payload).bytes);
    for (std::uint64_t from = 0; from < payload.size(); from += fragment_bytes) {
      split.last = put_fragment(payload, fragment_bytes, split.fragments);
      split.first = split.fragments++ == 0 ? split.last : split.first;
      if (mixed) {
        put_record("between");
      }
    }
    return put_described(wire::entry_kind::commit, payload.size(), wire::encode_split_record(split));
  }
  wire::offset_t put_spilled(const std::string &payload) {
    const std::string key = "7/0/" + std::to_string(tail);
    blobs.blobs["archive/" + key] = payload;
    wire::spilled_record spilled{"archive", key, payload.size(), wire::digest_of(make_item(payload).bytes), 1000, {}};
    return put_described(wire::entry_kind::reference, payload.size(), wire::encode_spilled_record(spilled));
  }

  // ---- its readers

  host::payload_reader::environment environment() {
    host::payload_reader::environment made;
    made.records.node = "n1";
    made.records.view = [this]() -> const host::cluster_view & { return view; };
    made.records.servers = &peers;
    made.records.now = [this] { return now; };
    made.records.log = [this](int, const std::string &line) { lines.push_back(line); };
    made.records.find_tail = [this](const std::string &, time_point,
                                    std::function<void(result<host::tail_in_segment>)> then) {
      asked_tail_.push_back(std::move(then));
    };
    made.records.take_room = [this](std::uint64_t bytes) {
      const bool enough = room >= bytes;
      room -= enough ? bytes : 0;
      return enough;
    };
    made.records.give_room = [this](std::uint64_t bytes) { room += bytes; };
    made.blobs = &blobs;
    made.known = &known;
    return made;
  }

  struct answer {
    std::optional<error> why;
    wire::payload_piece piece;
    std::string bytes;
  };
  answer read_payload(wire::offset_t offset, std::uint64_t from, std::uint64_t bytes_max = 0) {
    std::optional<answer> told;
    host::payload_reader reader(payloads, {"orders", offset, from, bytes_max}, {}, now + std::chrono::seconds(60),
                                [&](const result<wire::payload_piece> &piece, const rope &bytes) {
                                  REQUIRE_FALSE(told.has_value());
                                  told.emplace();
                                  if (piece) {
                                    told->piece = piece.value();
                                    told->bytes = std::string(bytes.flatten().text());
                                  } else {
                                    told->why = piece.error();
                                  }
                                });
    run(reader);
    REQUIRE(told.has_value());
    return *told;
  }
  /// The code of what read_payload fails with; ok when it does not.
  code failure_of(wire::offset_t offset, std::uint64_t from = 0) {
    const answer told = read_payload(offset, from);
    return told.why.has_value() ? told.why->code : code::ok;
  }
  /// Question by question, until the end.
  std::string read_whole(wire::offset_t offset, std::uint64_t bytes_max) {
    std::string all;
    for (;;) {
      const answer told = read_payload(offset, all.size(), bytes_max);
      REQUIRE_FALSE(told.why.has_value());
      REQUIRE(told.piece.from == all.size());
      if (told.bytes.empty()) {
        CHECK(told.piece.total_bytes == all.size());
        return all;
      }
      all += told.bytes;
    }
  }

  struct found_records {
    wire::records answer;
    rope payload;
  };
  found_records read(wire::offset_t from, std::uint32_t count_max = 0, std::uint64_t bytes_max = 0) {
    wire::read question;
    question.log = "orders";
    question.from = from;
    question.count_max = count_max;
    question.bytes_max = bytes_max;
    std::optional<found_records> told;
    host::read_stream stream(payloads.records, question, {}, now + std::chrono::seconds(60),
                             [&](const result<wire::records> &records, const rope &payload) {
                               REQUIRE(records.has_value());
                               told = {records.value(), payload};
                             });
    run(stream);
    REQUIRE(told.has_value());
    return *told;
  }

  /// Drives a reader to its end; time passes as it wants.
  void run(host::reading &reader) {
    reader.start();
    for (int rounds = 0; !reader.done() && rounds < 100'000; ++rounds) {
      while (deliver_one()) {
      }
      if (reader.done()) {
        break;
      }
      now = std::max(now, std::min(reader.next_time(), peers.next_deadline()));
      peers.expire(now);
      reader.on_time();
    }
    REQUIRE(reader.done());
  }

private:
  bool deliver_one() {
    if (!asked_tail_.empty()) {
      const auto then = std::move(asked_tail_.back());
      asked_tail_.pop_back();
      then(host::tail_in_segment{segment.index, tail});
      return true;
    }
    return peers.deliver_one() || blobs.deliver_one();
  }

  std::vector<std::function<void(result<host::tail_in_segment>)>> asked_tail_;
};

} // namespace outsize::test
