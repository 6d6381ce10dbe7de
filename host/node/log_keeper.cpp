#include "host/node/log_keeper.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace outsize::host {

namespace {

constexpr const char *next_log_key = "counter/next-log";

std::string log_key(const std::string &name) {
  return "log/" + name;
}

} // namespace

log_keeper::log_keeper(node_context &node) : node_(node) {}

log_keeper::~log_keeper() {
  *alive_ = false;
}

log_sequencer *log_keeper::find(const std::string &log) {
  const auto found = sequencers_.find(log);
  return found == sequencers_.end() ? nullptr : found->second.get();
}

void log_keeper::on_registered() {
  for (const wanted_log &wanted : node_.options.logs) {
    if (wanted.sequencer == node_.options.name) {
      creating_[wanted.name] = false;
    }
  }
  on_view_changed();
}

void log_keeper::on_view_changed() {
  if (node_.generation == 0) {
    return;
  }
  begin_creations();
  for (const auto &[name, log] : node_.view().logs) {
    if (log.record.sequencer == node_.options.name && !sequencers_.contains(name)) {
      begin_sequencer(log.record);
    }
  }
  for (const auto &[name, sequencer] : sequencers_) {
    sequencer->on_view_changed(node_.now);
  }
}

void log_keeper::begin_sequencer(const log_record &log) {
  sequencer_options options = node_.options.sequencer;
  options.node = node_.options.name;
  options.generation = node_.generation;
  options.now = [this] { return node_.now; };
  options.random = node_.options.random;
  options.wall_ms = node_.options.wall_ms;
  options.log = node_.options.log;
  options.blobs = node_.blobs;
  auto made = std::make_unique<log_sequencer>(log.name, std::move(options), *node_.links, *node_.metadata);
  std::vector<chained_policy> chain;
  for (const std::string &name : log.policies) {
    if (const auto known = node_.options.policies.find(name); known != node_.options.policies.end()) {
      chain.push_back(known->second);
      continue;
    }
    node_.log(OUTSIZE_LOG_ERROR, fmt::format("policy missing: log={} policy={} consequence=\"it is passed over\" "
                                             "remedy=\"add [[size-policy]] name = \\\"{}\\\" to this node's config\"",
                                             log.name, name, name));
  }
  made->set_policies(std::move(chain));
  log_sequencer &started = *made;
  sequencers_[log.name] = std::move(made);
  started.start(node_.now);
}

bool log_keeper::own_logs_tried() const {
  return std::all_of(creating_.begin(), creating_.end(), [this](const auto &one) {
    return node_.view().log(one.first) != nullptr || failed_once_.contains(one.first);
  });
}

void log_keeper::begin_creations() {
  for (const wanted_log &wanted : node_.options.logs) {
    const auto mine = creating_.find(wanted.name);
    if (mine == creating_.end() || mine->second || node_.view().log(wanted.name) != nullptr) {
      continue;
    }
    mine->second = true;
    create(wanted, [this, name = wanted.name](const result<log_record> &outcome) {
      creating_[name] = false;
      if (!outcome && outcome.error().code != code::log_exists) {
        node_.log(OUTSIZE_LOG_WARN,
                  fmt::format("log not created yet: log={} reason=\"{}\"", name, outcome.error().text));
        failed_once_.insert(name);
        retry_at_ = node_.now + std::chrono::milliseconds(500);
      }
    });
  }
}

void log_keeper::on_time() {
  if (node_.now >= retry_at_) {
    retry_at_ = never;
    begin_creations();
  }
  for (const auto &[name, sequencer] : sequencers_) {
    if (sequencer->next_time() <= node_.now) {
      sequencer->on_time(node_.now);
    }
  }
}

time_point log_keeper::next_time() const {
  time_point next = retry_at_;
  for (const auto &[name, sequencer] : sequencers_) {
    next = std::min(next, sequencer->next_time());
  }
  return next;
}

void log_keeper::on_store_link_up(const std::string &node) {
  for (const auto &[name, sequencer] : sequencers_) {
    sequencer->on_link_up(node, node_.now);
  }
}

void log_keeper::on_control_link_up(const std::string &node) {
  for (const auto &[name, sequencer] : sequencers_) {
    sequencer->on_control_link_up(node, node_.now);
  }
}

void log_keeper::on_store_link_down(const std::string &node) {
  for (const auto &[name, sequencer] : sequencers_) {
    sequencer->on_link_down(node, node_.now);
  }
}

std::vector<std::string> log_keeper::peer_names() const {
  std::vector<std::string> names;
  for (const peer_address &peer : node_.options.peers) {
    names.push_back(peer.name);
  }
  return names;
}

std::string log_keeper::policy_remedy() const {
  if (node_.options.policies.empty()) {
    return "add a [[size-policy]] of that name to the node's configuration";
  }
  std::vector<std::string> names;
  for (const auto &[name, policy] : node_.options.policies) {
    names.push_back(name);
  }
  return fmt::format("name some of {}, or add a [[size-policy]] of that name", fmt::join(names, ", "));
}

result<void> log_keeper::check(const wanted_log &wanted) const {
  if (result<void> name = check_log_name(wanted.name); !name) {
    return name;
  }
  if (node_.view().log(wanted.name) != nullptr) {
    return make_error(code::log_exists, fmt::format("log \"{}\" exists already", wanted.name));
  }
  const auto known_node = [this](const std::string &name) {
    return std::any_of(node_.options.peers.begin(), node_.options.peers.end(),
                       [&](const peer_address &peer) { return peer.name == name; });
  };
  const auto lacks_role = [this](const std::string &name, bool node_record::*role) {
    const node_record *registered = node_.view().node(name); // one that never was up says nothing of its roles
    return registered != nullptr && !(registered->*role);
  };
  for (const std::string &member : wanted.nodeset) {
    if (std::count(wanted.nodeset.begin(), wanted.nodeset.end(), member) > 1) {
      return make_error(code::invalid_argument, fmt::format("nodeset names \"{}\" twice", member),
                        "name each node once: two copies on one node are one copy");
    }
    if (!known_node(member)) {
      return make_error(code::invalid_argument,
                        fmt::format("nodeset member \"{}\" is not a node of this cluster", member),
                        fmt::format("name some of {}", fmt::join(peer_names(), ", ")));
    }
    if (lacks_role(member, &node_record::log_server)) {
      return make_error(code::invalid_argument, fmt::format("nodeset member \"{}\" is no log server", member),
                        "name another node, or add \"log-server\" to its roles");
    }
    if (std::ranges::count(wanted.nodeset, member) > 1) {
      return make_error(code::invalid_argument, fmt::format("nodeset member \"{}\" is named twice", member),
                        "name each log server once");
    }
  }
  if (!known_node(wanted.sequencer)) {
    return make_error(code::invalid_argument,
                      fmt::format("sequencer \"{}\" is not a node of this cluster", wanted.sequencer),
                      fmt::format("name one of {}", fmt::join(peer_names(), ", ")));
  }
  if (lacks_role(wanted.sequencer, &node_record::sequencer)) {
    return make_error(code::invalid_argument,
                      fmt::format("node \"{}\" does not have the role of a sequencer", wanted.sequencer),
                      "name another node, or add \"sequencer\" to its roles");
  }
  if (wanted.replication == 0 || wanted.replication > wanted.nodeset.size()) {
    return make_error(code::invalid_argument,
                      fmt::format("replication {} needs a nodeset of at least as many nodes; it has {}",
                                  wanted.replication, wanted.nodeset.size()),
                      "name more nodes, or lower cluster.replication");
  }
  if (wanted.message_limit_bytes != 0 && wanted.message_limit_bytes < wire::message_limit_bytes_min) {
    error why = size_error(
        code::invalid_argument,
        fmt::format("message limit {} is below the smallest legal one", format_bytes(wanted.message_limit_bytes)),
        wanted.message_limit_bytes, wire::message_limit_bytes_min);
    why.remedy = fmt::format("choose at least {}", format_bytes(wire::message_limit_bytes_min));
    return why;
  }
  if (wanted.message_limit_bytes > wire::message_limit_bytes_max) {
    error why = size_error(
        code::invalid_argument,
        fmt::format("message limit {} is above the largest legal one", format_bytes(wanted.message_limit_bytes)),
        wanted.message_limit_bytes, wire::message_limit_bytes_max);
    why.remedy = fmt::format("choose at most {}, or none: then the nodes' limits hold",
                             format_bytes(wire::message_limit_bytes_max));
    return why;
  }
  for (const std::string &policy : wanted.policies) {
    if (!node_.options.policies.contains(policy)) {
      return make_error(code::not_found,
                        fmt::format("size policy \"{}\" is not configured on node {}", policy, node_.options.name),
                        policy_remedy());
    }
  }
  return {};
}

void log_keeper::create(wanted_log wanted, std::function<void(result<log_record>)> then) {
  if (wanted.nodeset.empty()) {
    for (const peer_address &peer : node_.options.peers) {
      wanted.nodeset.push_back(peer.name);
    }
  }
  if (wanted.sequencer.empty()) {
    wanted.sequencer = node_.options.is_sequencer ? node_.options.name : node_.options.metadata_node;
  }
  if (wanted.replication == 0) {
    wanted.replication = node_.options.replication;
  }
  if (result<void> fit = check(wanted); !fit) {
    then(std::move(fit).error());
    return;
  }
  number_attempt attempt;
  attempt.log.name = wanted.name;
  attempt.log.sequencer = wanted.sequencer;
  attempt.log.nodeset = wanted.nodeset;
  attempt.log.replication = wanted.replication;
  attempt.log.policies = wanted.policies;
  attempt.log.message_limit_bytes = wanted.message_limit_bytes;
  take_number(std::move(attempt), std::move(then));
}

void log_keeper::take_number(number_attempt attempt, std::function<void(result<log_record>)> then) {
  node_.metadata->update(
      next_log_key, attempt.version, std::to_string(attempt.number + 1),
      [this, alive = alive_, attempt, then = std::move(then)](result<metadata::outcome> outcome) mutable {
        if (!*alive) {
          return;
        }
        if (!outcome) {
          then(std::move(outcome).error());
          return;
        }
        if (outcome->swapped) {
          attempt.log.id = attempt.number;
          write_log(std::move(attempt.log), std::move(then));
          return;
        }
        if (attempt.tries_left == 0) {
          then(make_error(code::metadata_conflict, "the counter of logs changed again and again"));
          return;
        }
        // The counter is not in the view: what stood in the way is how its value becomes known.
        --attempt.tries_left;
        attempt.version = outcome->version;
        std::from_chars(outcome->value.data(), outcome->value.data() + outcome->value.size(), attempt.number);
        take_number(std::move(attempt), std::move(then));
      });
}

void log_keeper::write_log(log_record made, std::function<void(result<log_record>)> then) {
  std::string key = log_key(made.name);
  std::string value = encode(made);
  node_.metadata->update(std::move(key), 0, std::move(value),
                         [made = std::move(made), then = std::move(then)](result<metadata::outcome> outcome) {
                           if (!outcome) {
                             then(std::move(outcome).error());
                             return;
                           }
                           if (!outcome->swapped) {
                             then(make_error(code::log_exists, fmt::format("log \"{}\" exists already", made.name)));
                             return;
                           }
                           then(made);
                         });
}

std::vector<std::string> log_keeper::differences() const {
  std::vector<std::string> lines;
  const auto differ = [&](const std::string &log, const char *what, const auto &file, const auto &metadata) {
    if (file != metadata) {
      lines.push_back(fmt::format("log {}: {} differs: the file says {}, the metadata {}", log, what, file, metadata));
    }
  };
  for (const wanted_log &wanted : node_.options.logs) {
    const versioned<log_record> *found = node_.view().log(wanted.name);
    if (found == nullptr) {
      continue;
    }
    const log_record &log = found->record;
    differ(log.name, "sequencer", wanted.sequencer, log.sequencer);
    differ(log.name, "message-limit", wanted.message_limit_bytes, log.message_limit_bytes);
    differ(log.name, "policies", fmt::format("[{}]", fmt::join(wanted.policies, ", ")),
           fmt::format("[{}]", fmt::join(log.policies, ", ")));
    differ(log.name, "nodeset", fmt::format("[{}]", fmt::join(wanted.nodeset, ", ")),
           fmt::format("[{}]", fmt::join(log.nodeset, ", ")));
  }
  return lines;
}

} // namespace outsize::host
