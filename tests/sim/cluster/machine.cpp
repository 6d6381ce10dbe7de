#include "sim/cluster/machine.hpp"

#include "policies/spill/spill_policy.hpp"
#include "policies/split/split_policy.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace outsize::sim {

namespace {

std::string address_of(const std::string &machine) {
  return "sim://" + machine;
}

/// "append wave 3 failed: log=…" is "said/append-wave-failed".
std::string kind_of(const std::string &line) {
  std::string made = "said/";
  std::istringstream words(line.substr(0, line.find(':')));
  for (std::string word; words >> word;) {
    if (word.find_first_of("0123456789") == std::string::npos) {
      made += (made.back() == '/' ? "" : "-") + word;
    }
  }
  return made;
}

/// Not drawn from the world's: a seed without blob stores goes as it went before there were any.
random_source chance_of_blobs(const scenario &plan, const std::string &machine) {
  std::uint64_t seed = plan.seed;
  for (const char letter : machine) {
    seed = seed * 31 + static_cast<std::uint8_t>(letter);
  }
  return random_source(seed);
}

/// What a plugin that ships says, configured as an operator would.
template <class Policy>
host::chained_policy policy_of(const std::string &name, const log_settings &log, typename Policy::settings how) {
  host::chained_policy made;
  made.name = name + "-" + log.name;
  made.applies_above = log.applies_above;
  made.decide = [policy = std::make_shared<Policy>(std::move(how))](const outsize_policy_input &input,
                                                                    outsize_policy_plan &plan) -> result<void> {
    plan = policy->decide(policy_input(input)).raw();
    return {};
  };
  return made;
}

/// In the order in which they are asked.
std::vector<host::chained_policy> policies_of(const log_settings &log) {
  std::vector<host::chained_policy> made;
  if (log.fragment_bytes != 0) {
    policies::split_policy::settings how;
    how.fragment_bytes = log.fragment_bytes;
    how.payload_bytes_max = log.split_bytes_max;
    made.push_back(policy_of<policies::split_policy>("split", log, how));
  }
  if (log.spills) {
    policies::spill_policy::settings how;
    how.blob_store = blob_store_name;
    made.push_back(policy_of<policies::spill_policy>("spill", log, how));
  }
  return made;
}

} // namespace

machine::machine(world &in, const scenario &plan, machine_settings settings)
    : world_(in), plan_(plan), settings_(std::move(settings)), random_(in.fork()),
      disk_(settings_.name, plan.disk, in.fork(), in.now, in.judge),
      blobs_(in.shelf, plan.blob_delay_max, chance_of_blobs(plan, settings_.name), in.now, in.judge.found()),
      host_(in, settings_.name, in.fork()) {}

host::node_options machine::options() {
  host::node_options made;
  made.name = settings_.name;
  made.cluster_name = "sim";
  made.cluster = cluster_;
  made.is_log_server = true;
  made.is_sequencer = true;
  made.replication = plan_.replication;
  made.message_limit_bytes = settings_.message_limit_bytes;
  made.listen = {address_of(settings_.name)};
  for (const machine_settings &peer : plan_.machines) {
    made.peers.push_back({peer.name, address_of(peer.name)});
  }
  made.metadata_node = plan_.machines.front().name;
  for (const log_settings &log : plan_.logs) {
    host::wanted_log wanted{log.name, log.sequencer, log.nodeset, {}, log.message_limit_bytes, plan_.replication};
    for (host::chained_policy &policy : policies_of(log)) {
      wanted.policies.push_back(policy.name);
      made.policies.emplace(policy.name, std::move(policy));
    }
    made.logs.push_back(std::move(wanted));
  }
  made.append_window_bytes = plan_.append_window_bytes;
  made.sequencer = plan_.sequencer;
  for (std::uint64_t *budget : {&made.sequencer.in_flight_bytes, &made.sequencer.producer_in_flight_bytes,
                                &made.sequencer.server_outstanding_bytes}) {
    *budget = std::max(*budget, planted_in_flight_bytes_);
  }
  made.sequencer.bulk_window_bytes = std::max(made.sequencer.bulk_window_bytes, planted_bulk_window_bytes_);
  made.log_server_memory_bytes = std::max(settings_.log_server_memory_bytes, planted_memory_bytes_);
  made.part_window_bytes = settings_.part_window_bytes;
  made.transports.push_back(host_.open_transport(settings_.message_limit_bytes, settings_.queue_bytes));
  if (plan_.in_memory) {
    made.transports.push_back(host_.open_inmemory(settings_.message_limit_bytes));
  }
  made.entries = &disk_.entries();
  made.blobs = plan_.has_blobs() ? &blobs_ : nullptr;
  made.values = settings_.name == made.metadata_node ? &disk_.values() : nullptr;
  made.random = [this] { return random_.next(); };
  made.wall_ms = [this] { return static_cast<std::uint64_t>(world_.now.time_since_epoch().count()) / 1'000'000; };
  made.log = [this](int level, const std::string &line) { on_log(level, line); };
  made.on_cluster = [this](const wire::cluster_id &cluster) {
    cluster_ = cluster;
    return result<void>();
  };
  made.on_fatal = [this](const error &why) { fatal_ = why; };
  return made;
}

void machine::start() {
  world_.net.set_power(settings_.name, true);
  world_.say(settings_.name, "starts");
  fatal_.reset();
  mend_disk();
  node_ = std::make_unique<host::node>(options());
  if (const result<void> started = node_->start(world_.now); !started) {
    world_.judge.found().add("live", "{} does not start: {}", settings_.name, started.error().text);
  }
  next_ = world_.now;
}

void machine::kill(bool power_lost) {
  world_.say(settings_.name, power_lost ? "loses power" : "is killed");
  if (power_lost) {
    world_.net.set_power(settings_.name, false);
  }
  const simulated_disk::crash_report left = disk_.crash();
  world_.judge.seen().add("fault/unsynced-lost", left.lost);
  world_.judge.seen().add("fault/unsynced-kept", left.kept);
  world_.judge.seen().add("spill/left-behind", blobs_.crash()); // before the node could take anything back
  node_.reset();
  next_ = never;
  frozen_until_ = {};
}

void machine::freeze(time_point until) {
  world_.say(settings_.name, "is frozen");
  frozen_until_ = until;
}

time_point machine::next_time() const {
  return node_ != nullptr && world_.now < frozen_until_ ? frozen_until_ : next_;
}

bool machine::wants_poll() const {
  return node_ != nullptr && world_.now >= frozen_until_ &&
         (next_ <= world_.now || disk_.has_work() || world_.net.has_work(settings_.name));
}

void machine::poll() {
  next_ = node_->poll(world_.now);
  world_.judge.on_pending(settings_.name, disk_.entries().pending_bytes(), settings_.log_server_memory_bytes);
  if (!fatal_.has_value()) {
    return;
  }
  if (write_fails_ && fatal_->code == code::storage_failed) {
    world_.judge.seen().add("fault/failed-write");
  } else {
    world_.judge.found().add("live", "{} cannot go on: {}", settings_.name, fatal_->text);
  }
  kill(false);
}

void machine::fail_next_write(bool reaches_disk) {
  world_.say(settings_.name, "will fail a write");
  write_fails_ = true;
  disk_.store().fail_next_commit(reaches_disk);
}

void machine::mend_disk() {
  if (node_ != nullptr && write_fails_ && disk_.store().has_failed_commit()) {
    // Its process was frozen when the write failed and ends as soon as it hears of it: it might as well end now.
    world_.judge.seen().add("fault/failed-write");
    kill(false);
  }
  write_fails_ = false;
  disk_.store().heal();
}

std::string machine::status_json() const {
  return node_ == nullptr ? "down" : node_->status_json(world_.now);
}

/// Alarms that this scenario's faults are meant to raise.
bool machine::is_expected(const std::string &alarm) const {
  const fault_settings &faults = plan_.faults;
  if (alarm.starts_with("log server set aside: ")) {
    return faults.refusal_millionths > 0 || alarm.find("code=set_aside") != std::string::npos;
  }
  if (alarm.starts_with("damaged entry: ") || alarm.starts_with("entry damaged on this server: ")) {
    return faults.bit_rot;
  }
  return false;
}

void machine::on_log(int level, const std::string &line) {
  world_.say(settings_.name, line);
  world_.judge.seen().add(kind_of(line));
  if (level >= static_cast<int>(OUTSIZE_LOG_ERROR) && !is_expected(line)) {
    world_.judge.found().add("form", "{} logged an error: {}", settings_.name, line);
  }
}

} // namespace outsize::sim
