#include "sim/cluster/cluster.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

/// How long a healed cluster may take. The slowest that is allowed: links found dead after 5 s, dialled within 3 s,
/// requests of 10 s, pauses of up to 10 s, a few of them in a row.
constexpr duration recovery_max = std::chrono::seconds(120);
constexpr std::uint64_t steps_at_once_max = 20'000;
constexpr duration look_every = std::chrono::milliseconds(500);

status_bounds bounds_of(const scenario &plan) {
  status_bounds made;
  made.sequencer = plan.sequencer;
  made.payload_bytes_max = plan.payload_bytes_max();
  made.stores_are_refused = plan.faults.refusal_millionths > 0;
  for (const machine_settings &one : plan.machines) {
    made.message_bytes_max = std::max(made.message_bytes_max, one.message_limit_bytes);
    made.log_server_bytes[one.name] = one.log_server_memory_bytes;
  }
  return made;
}

/// Is something of [base, end) not there? What lies before the base is nobody's business.
bool lacks(const host::segment_row *row, offset_t base, offset_t end) {
  return row == nullptr || row->local_tail < end ||
         std::any_of(
             row->holes.begin(), row->holes.end(),
             [&](const host::offset_range &hole) { return std::max(hole.from, base) < std::min(hole.to, end); });
}

std::vector<std::unique_ptr<machine>> make_machines(world &in, const scenario &plan) {
  std::vector<std::unique_ptr<machine>> made;
  for (const machine_settings &settings : plan.machines) {
    made.push_back(std::make_unique<machine>(in, plan, settings));
  }
  return made;
}

template <class Client> std::vector<std::unique_ptr<Client>> make_clients(world &in, const scenario &plan,
                                                                          const std::vector<client_settings> &all) {
  std::vector<std::unique_ptr<Client>> made;
  for (const client_settings &settings : all) {
    made.push_back(std::make_unique<Client>(in, plan, settings));
  }
  return made;
}

} // namespace

cluster::cluster(scenario plan)
    : plan_(std::move(plan)), world_(random_source(plan_.seed ^ 0x5eedU)), machines_(make_machines(world_, plan_)),
      appenders_(make_clients<appender>(world_, plan_, plan_.appenders)),
      readers_(make_clients<reader>(world_, plan_, plan_.readers)), nemesis_(world_, plan_, machines_),
      meddler_(world_, plan_), bounds_(bounds_of(plan_)) {
  world_.judge.disks().bound_fragments(plan_.sequencer.bulk_window_bytes);
  world_.net.advance(world_.now);
  world_.net.set_usual_path(plan_.path);
  for (const std::unique_ptr<machine> &one : machines_) {
    path_quality within;
    within.delay = std::chrono::microseconds(5);
    world_.net.path(one->name(), one->name()) = within;
  }
  world_.net.on_crossing([this](sighting &seen) { world_.judge.on_message(seen); });
  world_.net.on_message([this](sighting &seen) {
    const tampering planted = planted_ ? planted_(seen) : tampering::pass;
    const tampering verdict = planted == tampering::pass ? meddler_.look(seen) : planted;
    world_.judge.on_message(seen);
    if (planted_unseen_) {
      planted_unseen_(seen);
    }
    return verdict;
  });
}

cluster::~cluster() = default;

// ---- time -----------------------------------------------------------------------------------------------------------

time_point cluster::next_time() const {
  time_point next = std::min(world_.net.next_time(), nemesis_.next_time());
  for (const std::unique_ptr<machine> &one : machines_) {
    next = std::min({next, one->next_time(), one->disk().next_time()});
    next = one->wants_poll() ? world_.now : next;
  }
  for (const std::unique_ptr<appender> &one : appenders_) {
    next = std::min(next, one->wants_poll() ? world_.now : one->next_time());
  }
  for (const std::unique_ptr<reader> &one : readers_) {
    next = std::min(next, one->wants_poll() ? world_.now : one->next_time());
  }
  return next;
}

void cluster::step() {
  const time_point next = std::max(next_time(), world_.now);
  steps_now_ = next > world_.now ? 0 : steps_now_ + 1;
  if (steps_now_ == steps_at_once_max) {
    world_.judge.found().add("live", "{} steps without the time moving:{}", steps_now_, who_spins());
  }
  world_.now = next;
  ++steps_;
  world_.net.run(world_.now);
  for (const std::unique_ptr<machine> &one : machines_) {
    one->disk().run();
  }
  nemesis_.run();
  poll_all();
  if (look_at_ <= world_.now) {
    look_at_ = world_.now + look_every;
    look_at_status(false);
  }
}

void cluster::look_at_status(bool settled) {
  for (const std::unique_ptr<machine> &one : machines_) {
    if (one->up()) {
      world_.judge.status().look(one->status_json(), bounds_, settled);
    }
  }
}

/// Who has something to do now, after everybody was polled.
std::string cluster::who_spins() const {
  std::string text;
  for (const std::unique_ptr<machine> &one : machines_) {
    text += one->wants_poll()
                ? fmt::format(" {} (asked for {} ns ago)", one->name(), (world_.now - one->next_time()).count())
                : "";
    text += one->disk().next_time() <= world_.now ? fmt::format(" the disk of {}", one->name()) : "";
  }
  for (const std::unique_ptr<appender> &one : appenders_) {
    text += one->wants_poll() ? " " + one->name() : "";
  }
  for (const std::unique_ptr<reader> &one : readers_) {
    text += one->wants_poll() ? " " + one->name() : "";
  }
  text += world_.net.next_time() <= world_.now ? " the network" : "";
  return text;
}

void cluster::poll_all() {
  for (const std::unique_ptr<machine> &one : machines_) {
    if (one->wants_poll()) {
      one->poll();
    }
  }
  for (const std::unique_ptr<appender> &one : appenders_) {
    if (one->wants_poll()) {
      one->poll();
    }
  }
  for (const std::unique_ptr<reader> &one : readers_) {
    if (one->wants_poll()) {
      one->poll();
    }
  }
}

bool cluster::run_until(const std::function<bool()> &done, duration at_most) {
  const time_point end = world_.now + at_most;
  while (!done()) {
    if (!world_.judge.found().empty() || next_time() > end) {
      world_.now = world_.judge.found().empty() ? end : world_.now;
      return false;
    }
    step();
  }
  return true;
}

// ---- the two phases -------------------------------------------------------------------------------------------------

void cluster::run() {
  for (const std::unique_ptr<machine> &one : machines_) {
    one->start();
  }
  (void)run_until([] { return false; }, plan_.busy_time);
  if (world_.judge.found().empty()) {
    wind_down();
  }
  if (world_.judge.found().empty()) {
    world_.judge.clients().check_end();
  }
}

void cluster::wind_down() {
  nemesis_.heal();
  meddler_.rest();
  for (const std::unique_ptr<appender> &one : appenders_) {
    one->rest();
    one->probe();
  }
  bool good = run_until([this] { return all_answered(); }, recovery_max);
  if (good) {
    for (const std::unique_ptr<reader> &one : readers_) {
      one->begin_again();
    }
    good = run_until([this] { return all_read() && all_copied(); }, recovery_max);
  }
  if (good) {
    look_at_status(true);
  }
  if (!good && world_.judge.found().empty()) {
    world_.judge.found().add("live", "{} s after everything was healed: {}",
                             std::chrono::duration_cast<std::chrono::seconds>(recovery_max).count(), what_is_missing());
  }
}

bool cluster::all_answered() const {
  return std::all_of(appenders_.begin(), appenders_.end(),
                     [](const auto &one) { return one->in_flight() == 0 && one->probes_done(); });
}

bool cluster::all_read() const {
  const history &clients = const_cast<cluster *>(this)->world_.judge.clients();
  return std::all_of(readers_.begin(), readers_.end(), [&](const auto &one) {
    return std::all_of(plan_.logs.begin(), plan_.logs.end(), [&](const log_settings &log) {
      return one->place(log.name) > clients.last_acknowledged(log.name);
    });
  });
}

bool cluster::all_copied() const {
  return lacking().empty();
}

std::string cluster::lacking() const {
  if (plan_.sequencer.spread != host::spread_rule::all) {
    return {}; // a write quorum has it, which is checked with every acknowledgement
  }
  const copies &disks = world_.judge.disks();
  for (const auto &[name, log] : world_.judge.segments().logs()) {
    for (const host::segment_record &segment : log.chain) {
      const segment_id id = log.id_of(segment);
      const offset_t end = segment.end.value_or(disks.quorum_tail(id));
      for (const std::string &member : segment.nodeset) {
        const host::segment_row *row = disks.row(member, id);
        if (end > segment.base && lacks(row, segment.base, end)) {
          return fmt::format("{} lacks entries of {}/{} [{}, {}): its local tail is {}, with {} holes", member, id.log,
                             id.index, segment.base, end, row == nullptr ? 0 : row->local_tail,
                             row == nullptr ? 0 : row->holes.size());
        }
      }
    }
  }
  return {};
}

std::string cluster::what_is_missing() const {
  std::string text;
  for (const auto &one : appenders_) {
    text += one->in_flight() == 0 && one->probes_done() ? "" : one->describe() + "; ";
  }
  if (!all_read()) {
    for (const auto &one : readers_) {
      text += one->describe() + "; ";
    }
  }
  text += lacking();
  for (const auto &one : machines_) {
    world_.say(one->name(), "status " + one->status_json());
  }
  return text;
}

} // namespace outsize::sim
