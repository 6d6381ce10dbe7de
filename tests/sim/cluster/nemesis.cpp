#include "sim/cluster/nemesis.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace outsize::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

} // namespace

nemesis::nemesis(world &in, const scenario &plan, std::vector<std::unique_ptr<machine>> &machines)
    : world_(in), plan_(plan), machines_(machines), random_(in.fork()) {
  for (const machine_settings &one : plan.machines) {
    everybody_.push_back(one.name);
  }
  for (const auto *clients : {&plan.appenders, &plan.readers}) {
    for (const client_settings &one : *clients) {
      everybody_.push_back(one.name);
    }
  }
  const fault_settings &wanted = plan.faults;
  const std::vector<std::pair<bool, void (nemesis::*)()>> all = {
      {wanted.kills, &nemesis::kill_one},       {wanted.kills_all, &nemesis::kill_all},
      {wanted.breaks, &nemesis::break_some},    {wanted.blocks, &nemesis::block_some},
      {wanted.slow_paths, &nemesis::slow_some}, {wanted.freezes, &nemesis::freeze_one},
      {wanted.full_disks, &nemesis::fill_disk}, {wanted.failing_disks, &nemesis::fail_disk},
      {wanted.bit_rot, &nemesis::rot_some},     {wanted.blob_troubles, &nemesis::trouble_blobs}};
  for (const auto &[on, kind] : all) {
    if (on) {
      kinds_.push_back(kind);
    }
  }
  // A quiet start: the cluster has to come up once.
  strike_at_ = kinds_.empty() ? never : world_.now + seconds(2);
}

const std::string &nemesis::anybody() {
  return random_.one_in(2) ? random_.pick(everybody_) : random_.pick(machines_)->name();
}

void nemesis::run() {
  if (strike_at_ <= world_.now) {
    strike_at_ = world_.now + random_.between(milliseconds(50), plan_.faults.every_max);
    strike();
  }
  while (timers_.next() <= world_.now) {
    timers_.run(world_.now);
  }
}

time_point nemesis::next_time() const {
  return std::min(strike_at_, timers_.next());
}

void nemesis::strike() {
  ++faults_made_;
  (this->*random_.pick(kinds_))();
}

void nemesis::kill(machine &which) {
  if (!which.up()) {
    return;
  }
  const bool power_lost = plan_.faults.power_cuts && random_.one_in(2);
  world_.judge.seen().add(power_lost ? "fault/power-cut" : "fault/kill");
  which.kill(power_lost);
  if (plan_.faults.lower_limits && random_.one_in(4)) {
    lower_limit(which);
  }
  const duration away = random_.one_in(3) ? random_.between(milliseconds(1), milliseconds(50))
                                          : random_.between(milliseconds(50), seconds(6));
  timers_.schedule(world_.now + away, [&which] {
    if (!which.up()) {
      which.start();
    }
  });
}

void nemesis::lower_limit(machine &which) {
  const std::uint64_t least = wire::message_limit_bytes_min;
  const std::uint64_t now = which.settings().message_limit_bytes;
  world_.judge.seen().add("fault/lower-limit");
  which.set_message_limit(random_.one_in(4) ? now : random_.between(least, std::max(least, now)));
  world_.say("nemesis", fmt::format("{} comes back with limit {}", which.name(), which.settings().message_limit_bytes));
}

void nemesis::kill_one() {
  kill(*random_.pick(machines_));
}

void nemesis::kill_all() {
  world_.judge.seen().add("fault/kill-all");
  for (const std::unique_ptr<machine> &one : machines_) {
    kill(*one);
  }
}

void nemesis::break_some() {
  const std::string one = anybody();
  const std::string other = random_.pick(machines_)->name();
  world_.say("nemesis", fmt::format("breaks links between {} and {}", one, other));
  world_.judge.seen().add("fault/break");
  world_.net.break_links(one, other);
}

void nemesis::freeze_one() {
  machine &which = *random_.pick(machines_);
  if (which.up()) {
    world_.judge.seen().add("fault/freeze");
    which.freeze(world_.now + random_.between(milliseconds(50), seconds(12)));
  }
}

void nemesis::fill_disk() {
  machine &which = *random_.pick(machines_);
  world_.judge.seen().add("fault/full-disk");
  world_.say("nemesis", fmt::format("fills the disk of {}", which.name()));
  which.disk().store().set_disk_full(true);
  mend_later(which, seconds(4));
}

void nemesis::fail_disk() {
  machine &which = *random_.pick(machines_);
  if (!which.up()) {
    return;
  }
  if (random_.one_in(2)) {
    world_.judge.seen().add("fault/failing-reads");
    world_.say("nemesis", fmt::format("makes reads of {} fail", which.name()));
    which.disk().store().set_read_failure(true);
  } else {
    which.fail_next_write(random_.one_in(2));
  }
  mend_later(which, seconds(4));
}

void nemesis::trouble_blobs() {
  const bool is_full = random_.one_in(2);
  world_.judge.seen().add(is_full ? "fault/blobs-full" : "fault/blobs-away");
  world_.say("nemesis", is_full ? "fills the blob store" : "takes the blob store away");
  world_.shelf.now_in = is_full ? blob_shelf::trouble::full : blob_shelf::trouble::away;
  timers_.schedule(world_.now + random_.between(milliseconds(50), seconds(4)),
                   [this] { world_.shelf.now_in = blob_shelf::trouble::none; });
}

/// In time also a machine is started again that a failed write has stopped.
void nemesis::mend_later(machine &which, duration at_most) {
  timers_.schedule(world_.now + random_.between(milliseconds(50), at_most), [&which] {
    which.mend_disk();
    if (!which.up()) {
      which.start();
    }
  });
}

/// Never the last intact copy: that would be lost for good, and rightly be said so.
void nemesis::rot_some() {
  machine &which = *random_.pick(machines_);
  const auto &logs = world_.judge.segments().logs();
  if (logs.empty()) {
    return;
  }
  const host::log_record &log =
      std::next(logs.begin(), static_cast<std::ptrdiff_t>(random_.next() % logs.size()))->second;
  for (int tries = 0; tries < 20 && !log.chain.empty(); ++tries) {
    const host::segment_record &segment = random_.pick(log.chain);
    const segment_id id = log.id_of(segment);
    const offset_t offset = random_.between(segment.base, std::max(segment.base, world_.judge.disks().quorum_tail(id)));
    const stored_value *value = world_.judge.disks().find(id, offset);
    if (value == nullptr || value->holders.size() < 2 || !value->holders.contains(which.name()) ||
        !rotten_.emplace(id, offset).second) {
      continue;
    }
    rot(which, id, offset, value->bytes);
    return;
  }
}

void nemesis::rot(machine &which, const segment_id &segment, offset_t offset, std::uint64_t bytes) {
  world_.judge.seen().add("fault/bit-rot");
  world_.say("nemesis", fmt::format("damages {}/{} offset {} on {}", segment.log, segment.index, offset, which.name()));
  test::fault_store &store = which.disk().store();
  switch (random_.between(0, 2)) {
  case 0:
    (void)store.flip_bit(segment, offset, random_.between(0, bytes * 8 - 1));
    return;
  case 1:
    (void)store.make_unreadable(segment, offset);
    return;
  default:
    (void)store.lose(segment, offset);
    return;
  }
}

void nemesis::block_some() {
  world_.judge.seen().add("fault/block");
  const std::string one = anybody();
  const bool isolated = random_.one_in(3);
  const bool both_ways = random_.one_in(2);
  const bool inwards = random_.one_in(2);
  const time_point until = world_.now + random_.between(milliseconds(20), seconds(9));
  for (const std::string &other : everybody_) {
    if (other == one || (!isolated && random_.one_in(2))) {
      continue;
    }
    world_.say("nemesis", fmt::format("blocks {} {} {}", one, both_ways ? "<->" : inwards ? "<-" : "->", other));
    for (const bool way : {false, true}) {
      if (both_ways || way == inwards) {
        const std::string from = way ? other : one;
        const std::string to = way ? one : other;
        world_.net.block(from, to, true);
        timers_.schedule(until, [this, from, to] { world_.net.block(from, to, false); });
      }
    }
  }
}

void nemesis::slow_some() {
  world_.judge.seen().add("fault/slow-path");
  const std::string from = anybody();
  const std::string to = random_.pick(machines_)->name();
  path_quality &path = world_.net.path(from, to);
  path.bytes_per_second = random_.between(20 * wire::kib, 2 * wire::mib);
  timers_.schedule(world_.now + random_.between(milliseconds(100), seconds(5)),
                   [this, from, to] { world_.net.path(from, to).bytes_per_second = plan_.path.bytes_per_second; });
}

void nemesis::heal() {
  world_.say("nemesis", "heals everything");
  strike_at_ = never;
  while (timers_.next() != never) {
    timers_.run(timers_.next());
  }
  for (const std::string &from : everybody_) {
    for (const std::string &to : everybody_) {
      path_quality good = plan_.path;
      good.loss_millionths = 0;
      good.lost_handshake_millionths = 0;
      good.blocked = false;
      if (from != to) {
        world_.net.path(from, to) = good;
      }
      world_.net.block(from, to, false);
    }
  }
  for (const std::unique_ptr<machine> &one : machines_) {
    one->freeze(world_.now);
    one->mend_disk();
    if (!one->up()) {
      one->start();
    }
  }
}

} // namespace outsize::sim
