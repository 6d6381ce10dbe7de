#include "sim/cluster/scenario.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace outsize::sim {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using wire::kib;
using wire::mib;

/// Small limits, so that sizes around them are cheap; now and then one where entries become bulk.
std::uint64_t draw_limit(random_source &random) {
  static const std::vector<std::uint64_t> limits = {4 * kib,  4 * kib,  5 * kib,  8 * kib,   16 * kib,
                                                    16 * kib, 32 * kib, 64 * kib, 100 * kib, 256 * kib};
  const std::uint64_t limit = random.pick(limits);
  return random.one_in(3) ? limit + random.between(0, kib) : limit;
}

void draw_machines(scenario &made, random_source &random) {
  const std::uint64_t count = random.pick(std::vector<std::uint64_t>{1, 2, 3, 3, 3, 3, 3, 3, 4, 5});
  const bool mixed = random.one_in(2);
  const std::uint64_t limit = draw_limit(random);
  std::uint64_t highest = limit;
  for (std::uint64_t i = 1; i <= count; ++i) {
    machine_settings one;
    one.name = fmt::format("n{}", i);
    one.message_limit_bytes = mixed ? draw_limit(random) : limit;
    highest = std::max(highest, one.message_limit_bytes);
    made.machines.push_back(one);
  }
  for (machine_settings &one : made.machines) {
    one.log_server_memory_bytes = highest * random.between(2, 16);
    one.queue_bytes = random.pick(std::vector<std::uint64_t>{8 * kib, 64 * kib, 1 * mib});
    one.part_window_bytes = random.pick(std::vector<std::uint64_t>{8 * kib, 64 * kib, 4 * mib});
  }
  made.replication = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, random.one_in(8) ? 3 : 2));
}

void draw_logs(scenario &made, random_source &random) {
  const std::uint64_t count = random.between(1, 3);
  for (std::uint64_t i = 1; i <= count; ++i) {
    log_settings one;
    one.name = fmt::format("log-{}", i);
    one.sequencer = random.pick(made.machines).name;
    for (const machine_settings &machine : made.machines) {
      one.nodeset.push_back(machine.name);
    }
    if (random.one_in(6)) {
      one.message_limit_bytes = random.between(4 * kib, 16 * kib);
    }
    made.logs.push_back(one);
  }
}

std::vector<std::string> draw_route(const scenario &made, random_source &random) {
  std::vector<std::string> route;
  for (const machine_settings &machine : made.machines) {
    route.push_back(machine.name);
  }
  random.shuffle(route);
  return route;
}

void draw_clients(scenario &made, random_source &random) {
  const std::uint64_t appenders = random.between(1, 4);
  for (std::uint64_t i = 1; i <= appenders; ++i) {
    client_settings one;
    one.name = fmt::format("c{}", i);
    one.nodes = draw_route(made, random);
    one.message_limit_bytes = random.one_in(4) ? 4 * kib : draw_limit(random);
    one.in_flight_max = static_cast<std::uint32_t>(random.pick(std::vector<std::uint64_t>{1, 4, 16}));
    one.pause_max = random.pick(std::vector<duration>{milliseconds(5), milliseconds(50), milliseconds(500)});
    one.patience = random.pick(std::vector<duration>{seconds(1), seconds(5), seconds(30)});
    one.producer = random.one_in(3);
    made.appenders.push_back(one);
  }
  const std::uint64_t readers = random.between(1, 2);
  for (std::uint64_t i = 1; i <= readers; ++i) {
    client_settings one;
    one.name = fmt::format("r{}", i);
    one.nodes = draw_route(made, random);
    one.message_limit_bytes = random.one_in(3) ? 4 * kib : draw_limit(random);
    made.readers.push_back(one);
  }
}

void draw_sequencer(scenario &made, random_source &random) {
  std::uint64_t highest = 0;
  for (const machine_settings &machine : made.machines) {
    highest = std::max(highest, machine.message_limit_bytes);
  }
  host::sequencer_options &how = made.sequencer;
  how.in_flight_bytes = highest * random.between(2, 64);
  how.producer_in_flight_bytes = std::max(highest, how.in_flight_bytes / random.between(1, 4));
  how.batch_bytes_max = random.pick(std::vector<std::uint64_t>{1, 4 * kib, 32 * kib, 1 * mib});
  how.batch_entries_max = static_cast<std::uint32_t>(random.pick(std::vector<std::uint64_t>{1, 3, 64, 1024}));
  how.pipeline_batches = static_cast<std::uint32_t>(random.between(1, 4));
  how.pipeline_bytes = highest * random.between(1, 16);
  how.server_outstanding_bytes = highest * random.between(1, 16);
  how.store_timeout_min = random.pick(std::vector<duration>{milliseconds(50), milliseconds(250), seconds(1)});
  how.store_timeout_max = std::max<duration>(how.store_timeout_min, seconds(random.between(2, 10)));
  how.wave_pause_min = random.pick(std::vector<duration>{milliseconds(5), milliseconds(50)});
  how.wave_pause_max = random.pick(std::vector<duration>{milliseconds(500), seconds(5)});
  how.release_after = random.pick(std::vector<duration>{milliseconds(10), milliseconds(100), seconds(1)});
  how.spread = random.one_in(4) ? host::spread_rule::replication : host::spread_rule::all;
  how.lower_limit = random.one_in(3) ? host::on_lower_limit::seal : host::on_lower_limit::set_aside;
}

void draw_quality(scenario &made, random_source &random) {
  made.path.delay =
      random.pick(std::vector<duration>{microseconds(50), microseconds(500), milliseconds(5), milliseconds(40)});
  made.path.jitter = made.path.delay * static_cast<int>(random.between(0, 3));
  made.path.bytes_per_second = random.pick(std::vector<std::uint64_t>{0, 0, 100 * mib, 10 * mib});
  made.path.loss_millionths = random.pick(std::vector<std::uint64_t>{0, 0, 200, 2000});
  made.path.half_open_millionths = random.pick(std::vector<std::uint64_t>{0, 300'000});
  made.path.lost_handshake_millionths = random.pick(std::vector<std::uint64_t>{0, 0, 50'000});
  // A window of a few kilobytes over a long path is no line that servers have: what is large would take minutes.
  const bool is_long = made.path.delay >= milliseconds(5);
  for (machine_settings &one : made.machines) {
    one.queue_bytes = is_long ? std::max(one.queue_bytes, 64 * kib) : one.queue_bytes;
    one.part_window_bytes = is_long ? std::max(one.part_window_bytes, 64 * kib) : one.part_window_bytes;
  }
  made.disk.sync_max = random.pick(std::vector<duration>{milliseconds(1), milliseconds(5), milliseconds(30)});
  made.disk.stall_millionths = random.pick(std::vector<std::uint64_t>{0, 0, 3000});
}

void draw_faults(scenario &made, random_source &random) {
  fault_settings &faults = made.faults;
  faults.every_max = random.pick(std::vector<duration>{seconds(1), seconds(3), seconds(8)});
  faults.kills = random.one_in(2);
  faults.power_cuts = faults.kills && random.one_in(2);
  faults.kills_all = faults.kills && random.one_in(3);
  faults.breaks = random.one_in(2);
  faults.blocks = random.one_in(2);
  faults.slow_paths = random.one_in(4);
  faults.lower_limits = faults.kills && random.one_in(3);
  made.busy_time = seconds(random.between(5, 25));
  made.appends_max = random.between(50, 600);
  faults.freezes = random.one_in(3);
  faults.duplicate_millionths = random.pick(std::vector<std::uint64_t>{0, 0, 300, 3000});
  faults.full_disks = random.one_in(6);
  faults.failing_disks = random.one_in(6);
  faults.bit_rot = random.one_in(6);
  faults.refusal_millionths = random.pick(std::vector<std::uint64_t>{0, 0, 0, 2000, 20'000});
}

/// Two logs in three split what is too large for them. Fragments have from the least that a policy can be told to the
/// most that a segment takes, and more, which the policy has to cut down.
void draw_splitting(scenario &made, random_source &random) {
  std::uint64_t lowest = UINT64_MAX;
  for (const machine_settings &machine : made.machines) {
    lowest = std::min(lowest, machine.message_limit_bytes);
  }
  for (log_settings &one : made.logs) {
    if (random.one_in(3)) {
      continue;
    }
    const std::uint64_t limit = one.message_limit_bytes == 0 ? lowest : std::min(lowest, one.message_limit_bytes);
    const std::uint64_t most = wire::record_bytes_max(limit);
    one.fragment_bytes = random.one_in(4) ? most + random.between(0, 1) : random.between(kib, most);
    one.applies_above = random.one_in(2) ? 0 : random.between(kib, limit);
    one.large_bytes_max = std::max(std::min(one.fragment_bytes * random.between(2, 40), 256 * kib), 3 * most);
  }
  made.sequencer.bulk_window_bytes = random.pick(std::vector<std::uint64_t>{1 * kib, 8 * kib, 64 * kib, 4 * mib});
  made.sequencer.large_idle_max = random.pick(std::vector<duration>{milliseconds(200), seconds(2), seconds(30)});
  made.sequencer.large_appends_max = static_cast<std::uint32_t>(random.pick(std::vector<std::uint64_t>{1, 3, 64}));
  made.append_window_bytes = random.pick(std::vector<std::uint64_t>{256 * kib, 1 * mib, 64 * mib});
  for (client_settings &one : made.appenders) {
    one.whole_bytes_max = random.pick(std::vector<std::uint64_t>{0, 1 * kib, 4 * kib, 16 * kib, 64 * kib, 1 * mib});
    one.gives_up = random.one_in(3);
    one.leaves = random.one_in(4);
  }
}

/// One log in three spills what is too large for it, or what it does not split.
void draw_spilling(scenario &made, random_source &random) {
  std::uint64_t lowest = UINT64_MAX;
  for (const machine_settings &machine : made.machines) {
    lowest = std::min(lowest, machine.message_limit_bytes);
  }
  for (log_settings &one : made.logs) {
    one.spills = random.one_in(3);
    if (!one.spills) {
      continue;
    }
    const std::uint64_t limit = one.message_limit_bytes == 0 ? lowest : std::min(lowest, one.message_limit_bytes);
    if (one.fragment_bytes == 0) {
      one.applies_above = random.one_in(2) ? 0 : random.between(kib, limit);
      one.large_bytes_max = 3 * wire::record_bytes_max(limit);
    } else {
      one.split_bytes_max = random.between(one.fragment_bytes, one.large_bytes_max);
    }
  }
  if (made.has_blobs()) { // a node that cannot hold a piece passes none on
    made.append_window_bytes = std::max(made.append_window_bytes, 1 * mib);
  }
  made.blob_delay_max = random.pick(std::vector<duration>{milliseconds(1), milliseconds(20), seconds(1)});
  made.faults.blob_troubles = made.has_blobs() && random.one_in(2);
}

} // namespace

scenario draw_scenario(std::uint64_t seed) {
  random_source random(seed);
  scenario made;
  made.seed = seed;
  draw_machines(made, random);
  draw_logs(made, random);
  draw_clients(made, random);
  draw_sequencer(made, random);
  draw_quality(made, random);
  draw_faults(made, random);
  made.in_memory = random.one_in(2);
  draw_splitting(made, random);
  draw_spilling(made, random);
  return made;
}

std::uint64_t scenario::payload_bytes_max() const {
  std::uint64_t most = 0;
  for (const machine_settings &one : machines) {
    most = std::max(most, 4 * one.message_limit_bytes); // as record_source draws them
  }
  for (const log_settings &one : logs) {
    most = std::max(most, one.large_bytes_max);
  }
  return most;
}

bool scenario::has_blobs() const {
  return std::any_of(logs.begin(), logs.end(), [](const log_settings &one) { return one.spills; });
}

std::string scenario::describe() const {
  std::string text = fmt::format("seed {}: replication {}, {} s busy;", seed, replication,
                                 std::chrono::duration_cast<std::chrono::seconds>(busy_time).count());
  for (const machine_settings &machine : machines) {
    text += fmt::format(" {} limit {}", machine.name, machine.message_limit_bytes);
  }
  for (const log_settings &log : logs) {
    text += fmt::format("; {} at {} own limit {}", log.name, log.sequencer, log.message_limit_bytes);
    text +=
        log.fragment_bytes == 0 ? "" : fmt::format(" split into {} above {}", log.fragment_bytes, log.applies_above);
    text += log.spills ? fmt::format(" spilled above {}", log.split_bytes_max) : "";
  }
  text += fmt::format("; {} appenders, {} readers; batch {} bytes {} entries; spread {}; lower-limit {}",
                      appenders.size(), readers.size(), sequencer.batch_bytes_max, sequencer.batch_entries_max,
                      sequencer.spread == host::spread_rule::all ? "all" : "replication",
                      sequencer.lower_limit == host::on_lower_limit::seal ? "seal" : "set-aside");
  text += fmt::format("; bulk window {}, large idle {} ms", sequencer.bulk_window_bytes,
                      std::chrono::duration_cast<milliseconds>(sequencer.large_idle_max).count());
  text += in_memory ? "; itself by memory" : "";
  text += fmt::format("; delay {} us, {} B/s, loss {}; faults:", path.delay.count() / 1000, path.bytes_per_second,
                      path.loss_millionths);
  const std::vector<std::pair<const char *, bool>> kinds = {{"kills", faults.kills},
                                                            {"power-cuts", faults.power_cuts},
                                                            {"kills-all", faults.kills_all},
                                                            {"breaks", faults.breaks},
                                                            {"blocks", faults.blocks},
                                                            {"slow-paths", faults.slow_paths},
                                                            {"lower-limits", faults.lower_limits},
                                                            {"freezes", faults.freezes},
                                                            {"full-disks", faults.full_disks},
                                                            {"blob-troubles", faults.blob_troubles},
                                                            {"failing-disks", faults.failing_disks},
                                                            {"bit-rot", faults.bit_rot},
                                                            {"duplicates", faults.duplicate_millionths > 0},
                                                            {"refusals", faults.refusal_millionths > 0}};
  for (const auto &[name, on] : kinds) {
    text += on ? fmt::format(" {}", name) : "";
  }
  return text;
}

} // namespace outsize::sim
