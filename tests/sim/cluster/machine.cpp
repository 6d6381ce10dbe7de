#include "sim/cluster/machine.hpp"

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

std::string address_of(const std::string &machine) {
  return "sim://" + machine;
}

} // namespace

machine::machine(world &in, const scenario &plan, machine_settings settings)
    : world_(in), plan_(plan), settings_(std::move(settings)), random_(in.fork()),
      disk_(settings_.name, plan.disk, in.fork(), in.now, in.judge), host_(in, settings_.name, in.fork()) {}

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
    made.logs.push_back({log.name, log.sequencer, log.nodeset, {}, log.message_limit_bytes, plan_.replication});
  }
  made.sequencer = plan_.sequencer;
  made.log_server_memory_bytes = settings_.log_server_memory_bytes;
  made.part_window_bytes = settings_.part_window_bytes;
  made.transports.push_back(host_.open_transport(settings_.message_limit_bytes, settings_.queue_bytes));
  made.entries = &disk_.entries();
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
  disk_.crash();
  node_.reset();
  next_ = never;
}

bool machine::wants_poll() const {
  return node_ != nullptr && (next_ <= world_.now || disk_.has_work() || world_.net.has_work(settings_.name));
}

void machine::poll() {
  next_ = node_->poll(world_.now);
  world_.judge.on_pending(settings_.name, disk_.entries().pending_bytes(), settings_.log_server_memory_bytes);
  if (fatal_.has_value()) {
    world_.judge.found().add("live", "{} cannot go on: {}", settings_.name, fatal_->text);
    kill(false);
  }
}

std::string machine::status_json() const {
  return node_ == nullptr ? "down" : node_->status_json(world_.now);
}

void machine::on_log(int level, const std::string &line) {
  world_.say(settings_.name, line);
  if (level >= static_cast<int>(OUTSIZE_LOG_ERROR)) {
    world_.judge.found().add("form", "{} logged an error: {}", settings_.name, line);
  }
}

} // namespace outsize::sim
