#include "sim/proof/proof.hpp"

#include <outsize/wire/codec.hpp>

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::sim;

namespace {

void with_kills(scenario &plan) {
  plan.faults.kills = plan.faults.power_cuts = true;
  plan.faults.every_max = std::chrono::seconds(1);
}

/// Another record in the place of the one that came, whole and intact; the store's last entry.
void exchange_record(sighting &message) {
  rewrite<wire::store>(message, [&](wire::store &store) {
    const auto header = wire::decode_entry_header(store.entry_headers.back().span());
    if (!header || header->payload_bytes == 0) {
      return;
    }
    rope payload;
    for (std::size_t i = 1; i < message.parts.size(); ++i) {
      payload.append(message.parts[i]);
    }
    const std::uint64_t bytes = header->record_header_bytes + header->payload_bytes;
    const buffer last = payload.slice(payload.size() - bytes, bytes).flatten();
    std::string text(last.text());
    text.back() = static_cast<char>(text.back() ^ 1);
    wire::entry_header other = header.value();
    other.content = wire::digest_of(rope(buffer::copy_of(text)));
    store.entry_headers.back() = wire::encode_entry_header(other);
    const rope before = payload.slice(0, payload.size() - bytes);
    message.parts.resize(1);
    message.parts.insert(message.parts.end(), before.parts().begin(), before.parts().end());
    message.parts.push_back(buffer::copy_of(text));
  });
}

} // namespace

TEST_CASE("proof: without a planted bug nothing is found") {
  CHECK(rules_of(hunt([](cluster &) {})).empty());
  CHECK(rules_of(hunt([](cluster &) {}, &with_kills)).empty());
}

TEST_CASE("proof: L1, a store by another generation than the segment's") {
  CHECK(
      finds("L1", in_every<wire::store>([](wire::store &store) { store.generation += store.first % 5 == 4 ? 1 : 0; })));
}

TEST_CASE("proof: L2, one server is sent another value for an offset") {
  CHECK(finds("L2", [](cluster &running) {
    running.plant([](sighting &message) {
      if (message.to == "n2") {
        exchange_record(message);
      }
      return tampering::pass;
    });
  }));
}

TEST_CASE("proof: L3, a disk that answers before it has synced") {
  CHECK(finds("L3", [](cluster &running) { running.machines()[1]->disk().answer_before_durable(true); }));
}

TEST_CASE("proof: L3, a server that says it has what it refused") {
  CHECK(finds("L3", in_every<wire::stored>([](wire::stored &answer) { answer.state.local_tail += 1; })));
}

TEST_CASE("proof: L4, a tail that is told before its entries are on a write quorum") {
  CHECK(finds("L4", in_every<wire::store>([](wire::store &store) { store.global_tail = store.first + 1; })));
  CHECK(finds("L4", in_every<wire::tail>([](wire::tail &answer) { answer.global_tail += 1; })));
}

TEST_CASE("proof: L5, a tail that moves back") {
  CHECK(finds("L5", in_every<wire::tail>([](wire::tail &answer) { answer.global_tail = wire::first_offset; })));
}

TEST_CASE("proof: L6, a disk that forgets fence and seal when its machine dies") {
  CHECK(finds("L6", [](cluster &running) { running.machines()[1]->disk().forget_seals(true); }, &with_kills));
}

TEST_CASE("proof: L6, a server that says it has sealed and has not") {
  CHECK(finds("L6", in_every<wire::sealed>([](wire::sealed &answer) {
                answer.state.sealed = 1;
                answer.state.fence += 1;
              }),
              &with_kills));
}

TEST_CASE("proof: L7, a read that leaves out a record") {
  CHECK(finds("L7", [](cluster &running) {
    running.plant([](sighting &message) {
      rewrite<wire::records>(message, [&](wire::records &answer) {
        const auto first = answer.entry_headers.empty() ? result<wire::entry_header>(make_error(code::not_found, ""))
                                                        : wire::decode_entry_header(answer.entry_headers[0].span());
        if (!first) {
          return;
        }
        rope payload;
        for (std::size_t i = 1; i < message.parts.size(); ++i) {
          payload.append(message.parts[i]);
        }
        const std::uint64_t bytes = first->record_header_bytes + first->payload_bytes;
        const rope rest = payload.slice(bytes, payload.size() - bytes);
        answer.entry_headers.erase(answer.entry_headers.begin());
        message.parts.resize(1);
        message.parts.insert(message.parts.end(), rest.parts().begin(), rest.parts().end());
      });
      return tampering::pass;
    });
  }));
}

TEST_CASE("proof: L7, a read that goes on behind a record it did not give") {
  CHECK(finds("L7", in_every<wire::records>([](wire::records &answer) { answer.next += 1; })));
}

TEST_CASE("proof: L7, a read that gives a record twice") {
  CHECK(finds("L7", [](cluster &running) {
    running.plant([](sighting &message) {
      rewrite<wire::records>(message, [&](wire::records &answer) {
        if (answer.entry_headers.size() != 1 || 2 * message.bytes > message.limit_bytes) {
          return; // not a message above the link's limit, which would be found first
        }
        answer.entry_headers.push_back(answer.entry_headers.front());
        const std::vector<buffer> payload(message.parts.begin() + 1, message.parts.end());
        message.parts.insert(message.parts.end(), payload.begin(), payload.end());
      });
      return tampering::pass;
    });
  }));
}
