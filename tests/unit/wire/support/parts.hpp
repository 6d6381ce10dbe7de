// Looking at parts on the wire, and making them by hand.
#pragma once

#include "samples.hpp"
#include "world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace outsize::wire::test {

/// Watches the messages of one direction: sizes, kinds and how much is out without credit.
struct wire_watch {
  explicit wire_watch(linked_pair &pair) {
    pair.net.tap = [this](const std::string &, bool from_listener, const std::vector<buffer> &parts) {
      std::uint64_t bytes = 0;
      for (const buffer &one : parts) {
        bytes += one.size();
      }
      const kind what = decode_envelope(parts.front().span())->what;
      largest = std::max(largest, bytes);
      if (!from_listener && what == kind::part && bytes > parts.front().size()) {
        ++parts_of_a;
        uncredited += bytes;
        most_uncredited = std::max(most_uncredited, uncredited);
      }
      if (!from_listener && what == kind::part && bytes == parts.front().size()) {
        ++ends_of_a;
      }
      if (from_listener && what == kind::credit) {
        uncredited -= decode<credit>(parts.front())->bytes;
      }
    };
  }
  std::uint64_t largest = 0;
  std::uint64_t parts_of_a = 0;
  std::uint64_t ends_of_a = 0;
  std::uint64_t uncredited = 0;
  std::uint64_t most_uncredited = 0;
};

inline bool same(const rope &left, const rope &right) {
  return left.size() == right.size() && digest_of(left) == digest_of(right);
}

/// A peer with a link to b that sends parts by hand.
struct forger {
  linked_pair pair;
  raw_peer peer{pair, "scripted://b"};
  rope whole;
  std::uint64_t header_bytes = 0;

  explicit forger(std::uint64_t payload_bytes = 10 * kib, std::uint64_t number = 5) {
    peer.greet();
    const buffer header = number == 0 ? seal_envelope(encode(release{}), kind::release, 0)
                                      : seal_envelope(encode(store{}), kind::store, number);
    header_bytes = header.size();
    whole.append(header);
    whole.append(pattern(payload_bytes));
  }
  void send(const part &head, std::uint64_t from, std::uint64_t bytes) {
    peer.send_message(head, 0, whole.slice(from, bytes));
  }
  void send(std::uint64_t from, std::uint64_t bytes, std::uint64_t name = 1) {
    send({name, header_bytes, whole.size(), from}, from, bytes);
  }
  void check_closed() {
    pair.run_for(std::chrono::seconds(1));
    CHECK(pair.b.misbehaviours.size() == 1);
    CHECK(peer.is_down);
    CHECK(pair.b.inside.assembly_bytes() == 0);
    CHECK(pair.b.inside.links().size() == 1);
  }
};

} // namespace outsize::wire::test
