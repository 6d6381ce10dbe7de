#include "sim/proof/proof.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <optional>

using namespace outsize;
using namespace outsize::sim;

namespace {

/// Records of up to twenty fragments, half of them in pieces.
void with_splitting(scenario &plan) {
  log_settings &log = plan.logs.front();
  log.fragment_bytes = 4 * wire::kib;
  log.large_bytes_max = 80 * wire::kib;
  plan.sequencer.bulk_window_bytes = 16 * wire::kib;
  plan.sequencer.large_idle_max = std::chrono::seconds(10);
  plan.sequencer.large_appends_max = 8;
  for (std::size_t i = 0; i < plan.appenders.size(); ++i) {
    plan.appenders[i].whole_bytes_max = i % 2 == 0 ? 8 * wire::kib : wire::mib;
    plan.appenders[i].gives_up = plan.appenders[i].leaves = false;
  }
}

struct entry {
  wire::entry_header header;
  rope body;
};

/// Calls `change` with every entry that a store carries; what it changed is digested again, and intact.
template <class Change> planted_bug in_every_entry(Change change) {
  return [change](cluster &running) {
    running.plant([change](sighting &message) {
      rewrite<wire::store>(message, [&](wire::store &store) {
        rope payload;
        for (std::size_t i = 1; i < message.parts.size(); ++i) {
          payload.append(message.parts[i]);
        }
        rope changed;
        std::uint64_t from = 0;
        for (buffer &encoded : store.entry_headers) {
          entry one{wire::decode_entry_header(encoded.span()).value(), {}};
          const std::uint64_t bytes = one.header.record_header_bytes + one.header.payload_bytes;
          one.body = payload.slice(from, bytes);
          from += bytes;
          change(one);
          one.header.content = wire::digest_of(one.body);
          encoded = wire::encode_entry_header(one.header);
          changed.append(one.body);
        }
        message.parts.resize(1);
        message.parts.insert(message.parts.end(), changed.parts().begin(), changed.parts().end());
      });
      return tampering::pass;
    });
  };
}

template <class Change> planted_bug in_every_commit(Change change) {
  return in_every_entry([change](entry &one) {
    if (one.header.kind != wire::entry_kind::commit) {
      return;
    }
    const std::uint64_t header_bytes = one.header.record_header_bytes;
    wire::split_record split =
        wire::decode_split_record(one.body.slice(header_bytes, one.header.payload_bytes).flatten().span()).value();
    change(split);
    one.header.total_bytes = split.payload_bytes;
    rope body = one.body.slice(0, header_bytes);
    body.append(wire::encode_split_record(split));
    one.body = body;
  });
}

template <class Change> planted_bug in_every_fragment(Change change) {
  return in_every_entry([change](entry &one) {
    if (one.header.kind == wire::entry_kind::fragment) {
      change(one.header);
    }
  });
}

/// The second fragment of each set is exchanged for a commit entry that speaks of it.
void commit_too_early(entry &one) {
  if (one.header.kind != wire::entry_kind::fragment || one.header.fragment_index != 1) {
    return;
  }
  wire::split_record split;
  split.first = one.header.offset - 2;
  split.last = one.header.offset - 1;
  split.fragments = 2;
  split.fragment_bytes = 4 * wire::kib;
  split.payload_bytes = split.fragments * split.fragment_bytes;
  const buffer record_header = wire::encode_record_header({}).value();
  const buffer last = wire::encode_split_record(split);
  one.header.kind = wire::entry_kind::commit;
  one.header.fragment_index = 0;
  one.header.total_bytes = split.payload_bytes;
  one.header.record_header_bytes = static_cast<std::uint32_t>(record_header.size());
  one.header.payload_bytes = last.size();
  one.body = rope(record_header);
  one.body.append(last);
}

} // namespace

TEST_CASE("proof: records are split, and without a planted bug nothing is found") {
  CHECK(rules_of(hunt([](cluster &) {}, &with_splitting)).empty());
}

TEST_CASE("proof: L9, a commit before its fragments are committed") {
  CHECK(finds("L9", in_every_entry(&commit_too_early), &with_splitting));
}

TEST_CASE("proof: L9, a commit that leaves out the last fragment") {
  CHECK(finds("L9", in_every_commit([](wire::split_record &split) {
                if (split.fragments > 1) {
                  --split.fragments;
                  split.payload_bytes = split.fragments * split.fragment_bytes;
                }
              }),
              &with_splitting));
}

TEST_CASE("proof: L9, a commit that looks for its fragments elsewhere") {
  CHECK(
      finds("L9", in_every_commit([](wire::split_record &split) { split.first -= split.first > 1; }), &with_splitting));
}

TEST_CASE("proof: L10, a fragment that is there twice") {
  CHECK(finds("L10", in_every_fragment([](wire::entry_header &one) { one.fragment_index -= one.fragment_index == 2; }),
              &with_splitting));
}

TEST_CASE("proof: L10, a fragment of another payload than the rest of its set") {
  CHECK(finds("L10", in_every_fragment([](wire::entry_header &one) { one.total_bytes += one.fragment_index == 1; }),
              &with_splitting));
}

TEST_CASE("proof: L9, an index that no fragment has") {
  CHECK(finds("L9", in_every_fragment([](wire::entry_header &one) { one.fragment_index += one.fragment_index > 0; }),
              &with_splitting));
}

TEST_CASE("proof: L3, a split record is acknowledged where it is not") {
  CHECK(finds("L3", in_every<wire::append_finished>([](wire::append_finished &answer) { answer.outcome.offset += 1; }),
              &with_splitting));
}

TEST_CASE("proof: L7, a fragment is sent to a reader as a record") {
  CHECK(finds("L7", in_every<wire::records>([](wire::records &answer) {
                for (buffer &encoded : answer.entry_headers) {
                  wire::entry_header header = wire::decode_entry_header(encoded.span()).value();
                  if (header.kind == wire::entry_kind::commit) {
                    header.kind = wire::entry_kind::fragment;
                    encoded = wire::encode_entry_header(header);
                  }
                }
              }),
              &with_splitting));
}

TEST_CASE("proof: L7, a piece of a payload that is not what was appended") {
  CHECK(finds(
      "L7",
      [](cluster &running) {
        running.plant([](sighting &message) {
          rewrite<wire::payload_piece>(message, [&](wire::payload_piece &) {
            if (message.parts.size() > 1) {
              std::string text(message.parts.back().text());
              text.back() = static_cast<char>(text.back() ^ 1);
              message.parts.back() = buffer::copy_of(text);
            }
          });
          return tampering::pass;
        });
      },
      &with_splitting));
}

TEST_CASE("proof: Z6, more fragments on their way than the window takes") {
  CHECK(finds(
      "Z6",
      [](cluster &running) {
        for (auto &one : running.machines()) {
          one->plant_bulk_window(wire::mib);
        }
      },
      [](scenario &plan) {
        with_splitting(plan);
        plan.disk.sync_max = std::chrono::milliseconds(200);
        plan.appends_max = 1000;
      }));
}
