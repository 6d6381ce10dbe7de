// A live endpoint is sent hellos, parts and whole messages that are almost right: it never crashes, never holds more
// than its budget, delivers only what was sent whole, and serves a good peer afterwards.
#include "fuzz/decoder_targets.hpp"
#include "fuzz/mutator.hpp"
#include "unit/wire/support/samples.hpp"
#include "unit/wire/support/world.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace outsize;
using namespace outsize::wire;
using namespace outsize::wire::test;

namespace {

constexpr std::uint64_t assembly_bytes = 64 * kib;
constexpr std::uint64_t limit_bytes = 16 * kib;

endpoint_options tight_options() {
  endpoint_options made = world::options_of("b", limit_bytes);
  made.assembly_bytes_max = assembly_bytes;
  made.self.part_window_bytes = 16 * kib;
  return made;
}

struct fuzzed_world : world {
  test_node &b = add_node(tight_options());
  fuzzed_world() {
    (void)b.inside.listen("scripted://b").value();
    b.message_rule = [this](incoming &message) {
      b.inside.answer_failure(message.link, message.number, to_refusal(make_error(code::unsupported, "fuzzed")));
    };
  }

  void check_still_serves() {
    REQUIRE(b.inside.assembly_bytes() <= assembly_bytes);
    raw_peer good(*this, "scripted://b");
    good.greet();
    good.send_message(command{"status", ""}, 1);
    run_until([&] { return good.count(kind::failure) > 0 || good.is_down; });
    REQUIRE(good.count(kind::failure) == 1);
    others.pop_back();
  }
};

/// Sends messages in parts, mostly as they should be.
class part_storm {
public:
  part_storm(raw_peer &through, fuzz::mutator &random) : peer_(through), random_(random) {}

  void step() {
    if (under_way_.size() < 12 && random_.once_in(3)) {
      begin();
    }
    if (under_way_.empty()) {
      return;
    }
    auto one = std::next(under_way_.begin(), static_cast<std::ptrdiff_t>(random_.below(under_way_.size())));
    send_piece(one);
  }
  /// Payloads of messages that were sent whole, by number.
  [[nodiscard]] const std::map<std::uint64_t, std::string> &sent() const { return sent_; }
  [[nodiscard]] bool is_forged(std::uint64_t number) const { return forged_.contains(number); }

private:
  struct large {
    std::string bytes;
    std::uint64_t header_bytes = 0;
    std::uint64_t number = 0;
    std::uint64_t at = 0;
  };
  using place = std::map<std::uint64_t, large>::iterator;

  void begin() {
    large made;
    made.number = ++last_number_;
    const buffer header = seal_envelope(encode(store{}), kind::store, made.number);
    made.header_bytes = header.size();
    made.bytes = header.text();
    // Each begins elsewhere in the pattern: a piece of one in another would be seen.
    const std::uint64_t bytes = 8 * kib + random_.below(30 * kib);
    made.bytes += pattern(made.number + bytes).slice(made.number, bytes).flatten().text();
    under_way_[++last_name_] = std::move(made);
  }

  void send_piece(place one) {
    large &message = one->second;
    const std::uint64_t left = message.bytes.size() - message.at;
    std::uint64_t piece = std::min<std::uint64_t>(left, part_piece_bytes_min + random_.below(4 * kib));
    part head{one->first, message.header_bytes, message.bytes.size(), message.at};
    if (random_.once_in(200)) {
      forge(head, piece);
      if (message.at == 0) {
        forged_.insert(message.number); // what its first piece says of it is what it is
      }
    }
    const bool ends = random_.once_in(60);
    const std::string bytes = ends ? std::string() : message.bytes.substr(message.at, piece);
    peer_.send_message(head, 0, rope(buffer::copy_of(std::string_view(bytes))));
    message.at += bytes.size();
    if (message.at == message.bytes.size()) {
      sent_[message.number] = message.bytes.substr(message.header_bytes);
    }
    if (ends || message.at == message.bytes.size()) {
      under_way_.erase(one);
    }
  }

  void forge(part &head, std::uint64_t &piece) {
    const std::uint64_t values[] = {0,         1, piece, head.total_bytes, UINT64_MAX, UINT64_MAX - head.total_bytes,
                                    1ULL << 32};
    std::uint64_t *fields[] = {&head.message, &head.header_bytes, &head.total_bytes, &head.from, &piece};
    *fields[random_.below(std::size(fields))] = values[random_.below(std::size(values))];
  }

  raw_peer &peer_;
  fuzz::mutator &random_;
  std::map<std::uint64_t, large> under_way_;
  std::map<std::uint64_t, std::string> sent_;
  std::set<std::uint64_t> forged_;
  std::uint64_t last_name_ = 0;
  std::uint64_t last_number_ = 0;
};

std::vector<buffer> vectors() {
  std::vector<buffer> made;
  for (const fuzz::decoder_target &target : fuzz::decoder_targets()) {
    made.push_back(target.seed);
  }
  return made;
}

} // namespace

TEST_CASE("fuzz: an endpoint that is greeted with mutated hellos closes or opens the link, and serves others") {
  fuzz::mutator random(1, vectors());
  const buffer good = sample_header<hello>();
  std::size_t opened = 0;
  for (int round = 0; round < 400; ++round) {
    fuzzed_world world;
    raw_peer peer(world, "scripted://b");
    peer.wait_up();
    peer.send(random.once_in(8) ? vectors()[random.below(vectors().size())] : random.mutate(good));
    world.run_for(std::chrono::seconds(4));
    opened += peer.count(kind::welcome);
    CHECK((peer.is_down || peer.count(kind::welcome) == 1));
    world.check_still_serves();
  }
  CHECK(opened > 0);
  CHECK(opened < 400);
}

TEST_CASE("fuzz: an endpoint that is sent mutated messages stays within its budget and serves others") {
  fuzz::mutator random(2, vectors());
  const std::vector<buffer> seeds = vectors();
  for (int round = 0; round < 200; ++round) {
    fuzzed_world world;
    raw_peer peer(world, "scripted://b");
    peer.greet();
    for (int i = 0; i < 20 && !peer.is_down; ++i) {
      peer.send(random.mutate(seeds[random.below(seeds.size())]), pattern(random.below(2000)));
      world.run_for(std::chrono::milliseconds(1));
      REQUIRE(world.b.inside.assembly_bytes() <= assembly_bytes);
    }
    world.check_still_serves();
  }
}

TEST_CASE("fuzz: parts in any order and with forged sizes deliver only what was sent whole") {
  std::size_t delivered = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    fuzz::mutator random(seed, vectors());
    fuzzed_world world;
    raw_peer peer(world, "scripted://b");
    peer.greet();
    part_storm storm(peer, random);
    for (int i = 0; i < 300 && !peer.is_down; ++i) {
      storm.step();
      world.run_for(std::chrono::milliseconds(1));
      REQUIRE(world.b.inside.assembly_bytes() <= assembly_bytes);
    }
    for (const incoming &message : world.b.messages) {
      if (message.what == kind::store && !storm.is_forged(message.number)) {
        const auto wanted = storm.sent().find(message.number);
        REQUIRE(wanted != storm.sent().end());
        CHECK(message.payload.flatten().text() == wanted->second);
        ++delivered;
      }
    }
    world.check_still_serves();
  }
  CHECK(delivered > 30); // most storms end early, at one of their forged parts
}
