// A segment on model servers, to be sealed and repaired.
#pragma once

#include "unit/sequencer/support/fake_peers.hpp"
#include "unit/sequencer/support/make_record.hpp"

#include "host/segment/segment_task.hpp"

#include <string>
#include <vector>

namespace outsize::test {

struct segment_fixture {
  explicit segment_fixture(std::vector<std::string> nodes = {"n1", "n2", "n3"}, std::uint32_t replication = 2) {
    task.log = "orders";
    task.segment = {7, 0};
    task.nodeset = nodes;
    task.replication = replication;
    task.generation = 5;
    task.repair_bytes_max = 64 * wire::kib;
    task.now = [this] { return now; };
    task.log_line = [this](int, const std::string &line) { lines.push_back(line); };
    task.changed = [this] { changed = true; };
    for (const std::string &node : nodes) {
      peers.link_up(node, 32 * wire::mib);
      server(node).segments[task.segment].state.local_tail = wire::first_offset;
    }
  }

  time_point now{std::chrono::seconds(1000)};
  fake_peers peers;
  host::segment_task task;
  std::vector<std::string> lines;
  bool changed = false;

  model_server &server(const std::string &node) { return peers.servers[node]; }
  model_server::segment &at(const std::string &node) { return server(node).segments[task.segment]; }

  /// The entry that every server gets at `offset`, of a payload of `bytes`.
  model_server::stored_entry entry(wire::offset_t offset, std::uint64_t bytes = 100, char begin = 'a') const {
    const host::append_item item = make_item(text_of_size(bytes, begin) + std::to_string(offset));
    wire::entry_header header;
    header.segment = task.segment;
    header.offset = offset;
    header.generation = 4;
    header.record_header_bytes = item.item.record_header_bytes;
    header.payload_bytes = item.item.payload_bytes;
    header.content = item.item.content;
    return {wire::encode_entry_header(header), item.bytes};
  }
  /// Gives a server the entries in [from, to), and the local tail that goes with them.
  void fill(const std::string &node, wire::offset_t from, wire::offset_t to, std::uint64_t bytes = 100) {
    for (wire::offset_t offset = from; offset < to; ++offset) {
      at(node).entries[offset] = entry(offset, bytes);
    }
    at(node).state.local_tail = std::max(at(node).state.local_tail, to);
  }
  [[nodiscard]] std::size_t copies(wire::offset_t offset) {
    std::size_t count = 0;
    for (auto &[node, one] : peers.servers) {
      count += one.segments[task.segment].entries.count(offset);
    }
    return count;
  }

  /// Steps the machine until nothing is left that needs no time.
  template <class Machine> void run(Machine &machine) {
    machine.step(now);
    while (peers.deliver_one()) {
      machine.step(now);
    }
  }
  /// The same while time passes.
  template <class Machine> void pass(Machine &machine, duration time) {
    const time_point end = now + time;
    run(machine);
    while (now < end) {
      now = std::min({end, std::max(now, machine.next_time()), std::max(now, peers.next_deadline())});
      peers.expire(now);
      run(machine);
    }
  }
};

} // namespace outsize::test
