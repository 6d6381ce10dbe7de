// Values that must fit each other.
#include "config.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace outsize::host {
namespace {

class checker {
public:
  explicit checker(const config &checked) : config_(checked) {}

  std::vector<problem> run() {
    check_names();
    check_node();
    check_budgets();
    check_listeners();
    check_policies();
    for (const log_config &log : config_.logs) {
      check_log(log);
    }
    return std::move(problems_);
  }

private:
  void complain(const place &where, std::string text, std::string value, std::string limit, std::string remedy,
                code why = code::bad_config) {
    problems_.push_back({why, std::move(text), std::move(value), where.text(), std::move(limit), std::move(remedy)});
  }

  std::vector<std::string_view> peer_names() const {
    std::vector<std::string_view> names;
    for (const peer_config &peer : config_.peers) {
      names.push_back(peer.name.value);
    }
    return names;
  }

  /// A name that must be one of `known`; `what` is what the known ones are: "peer".
  void check_known(const setting<std::string> &name, std::string_view key, std::string_view what,
                   const std::vector<std::string_view> &known) {
    check_known(name.value, name.where, key, what, known);
  }
  void check_known(const std::string &name, const place &where, std::string_view key, std::string_view what,
                   const std::vector<std::string_view> &known) {
    if (std::ranges::find(known, name) != known.end()) {
      return;
    }
    const std::string_view nearest = nearest_name(name, known);
    complain(where, fmt::format("{} names no {}", key, what), fmt::format("\"{}\"", name),
             known.empty() ? fmt::format("there is no {}", what) : fmt::format("one of {}", fmt::join(known, ", ")),
             nearest.empty() ? fmt::format("add the {}, or correct the name", what)
                             : fmt::format("write \"{}\"", nearest));
  }

  template <class Section> void check_unique(const std::vector<Section> &sections, std::string_view what) {
    std::set<std::string> seen;
    for (const Section &section : sections) {
      if (!seen.insert(section.name.value).second) {
        complain(section.name.where, fmt::format("two sections [[{}]] have the same name", what),
                 fmt::format("\"{}\"", section.name.value), "", "rename or remove one of them");
      }
    }
  }

  void check_names() {
    check_unique(config_.peers, "peer");
    check_unique(config_.size_policies, "size-policy");
    check_unique(config_.blob_stores, "blob-store");
    check_unique(config_.logs, "log");
    std::set<std::string> plugins;
    for (const transport_config &transport : config_.transports) {
      if (!plugins.insert(transport.plugin.value).second) {
        complain(transport.plugin.where, "two sections [[transport]] use the same plugin",
                 fmt::format("\"{}\"", transport.plugin.value), "",
                 "remove one of them: one instance serves all links");
      }
    }
  }

  void check_node() {
    check_known(config_.node.name, "node.name", "peer", peer_names());
    check_known(config_.metadata.node, "metadata.node", "peer", peer_names());
  }

  void check_budget(const setting<std::uint64_t> &budget, std::string_view key) {
    const setting<std::uint64_t> &limit = config_.node.message_limit;
    if (budget.value >= limit.value) {
      return;
    }
    complain(budget.is_set ? budget.where : limit.where,
             fmt::format("{} is below one legal message, node.message-limit", key), format_bytes(budget.value),
             fmt::format("at least {}", format_bytes(limit.value)),
             fmt::format("raise {} or lower node.message-limit", key), code::budget_too_small);
  }

  void check_budgets() {
    if (config_.node.has_role("log-server")) {
      check_budget(config_.log_server.memory_budget, "log-server.memory-budget");
    }
    if (config_.node.has_role("sequencer")) {
      check_budget(config_.sequencer.in_flight_bytes, "sequencer.in-flight-bytes");
      check_budget(config_.sequencer.producer_in_flight_bytes, "sequencer.producer-in-flight-bytes");
      check_producer_budget();
    }
  }

  void check_producer_budget() {
    const setting<std::uint64_t> &one = config_.sequencer.producer_in_flight_bytes;
    const setting<std::uint64_t> &all = config_.sequencer.in_flight_bytes;
    if (one.value > all.value) {
      complain(one.is_set ? one.where : all.where,
               "sequencer.producer-in-flight-bytes is above sequencer.in-flight-bytes", format_bytes(one.value),
               fmt::format("at most {}", format_bytes(all.value)), "lower the first or raise the second");
    }
  }

  void check_listeners() {
    std::set<std::string> seen;
    for (const transport_config &transport : config_.transports) {
      const setting<std::string> &listen = transport.listen;
      if (listen.value.empty()) {
        continue;
      }
      if (!is_loopback(listen.value) && !config_.node.insecure_listen.value) {
        complain(listen.where, "transport.listen is off loopback, and nobody is authenticated yet",
                 fmt::format("\"{}\"", listen.value), "127.0.0.0/8, ::1 or localhost",
                 "listen on loopback, or set insecure-listen = true in [node] on a network you trust");
      }
      if (!seen.insert(listen.value).second) {
        complain(listen.where, "two transports listen on the same address", fmt::format("\"{}\"", listen.value), "",
                 "give each its own port");
      }
    }
  }

  /// What a policy means by its parameters is its own, but for this one: it names a store of this file.
  void check_policies() {
    std::vector<std::string_view> stores;
    for (const blob_store_config &store : config_.blob_stores) {
      stores.push_back(store.name.value);
    }
    for (const size_policy_config &policy : config_.size_policies) {
      for (const raw_param &param : policy.params) {
        if (const auto *name = std::get_if<std::string>(&param.value); name != nullptr && param.name == "blob-store") {
          check_known(*name, param.where, "size-policy.params.blob-store", "[[blob-store]]", stores);
        }
      }
    }
  }

  void check_log(const log_config &log) {
    std::vector<std::string_view> policies;
    for (const size_policy_config &policy : config_.size_policies) {
      policies.push_back(policy.name.value);
    }
    check_known(log.sequencer, "log.sequencer", "peer", peer_names());
    for (const std::string &member : log.nodeset.value) {
      check_known(member, log.nodeset.where, "log.nodeset", "peer", peer_names());
    }
    for (const std::string &policy : log.policies.value) {
      check_known(policy, log.policies.where, "log.policies", "[[size-policy]]", policies);
    }
    check_roles(log);
    check_replication(log);
  }

  /// Of this node only: what roles the others have stands in their own files.
  void check_roles(const log_config &log) {
    const std::string &self = config_.node.name.value;
    const auto lacks = [this](std::string_view role) { return !config_.node.has_role(role); };
    if (log.sequencer.value == self && lacks("sequencer")) {
      complain(log.sequencer.where, "log.sequencer is this node, which does not have the role \"sequencer\"",
               fmt::format("\"{}\"", self), "",
               fmt::format("add the role at {}, or name another node", place_of_roles()));
    }
    if (std::ranges::find(log.nodeset.value, self) != log.nodeset.value.end() && lacks("log-server")) {
      complain(log.nodeset.where, "log.nodeset has this node, which does not have the role \"log-server\"",
               fmt::format("\"{}\"", self), "",
               fmt::format("add the role at {}, or remove the node", place_of_roles()));
    }
  }
  std::string place_of_roles() const { return config_.node.roles.where.text(); }

  void check_replication(const log_config &log) {
    const setting<std::uint64_t> &replication = log.replication.is_set ? log.replication : config_.cluster.replication;
    const std::uint64_t members = log.nodeset.value.size();
    if (replication.value > members) {
      complain(log.nodeset.where,
               fmt::format("log.nodeset of \"{}\" has fewer members than copies are asked for", log.name.value),
               fmt::format("{} of {}", members, replication.value), fmt::format("at least {}", replication.value),
               fmt::format("add log servers, or lower replication at {}", replication.where.text()));
    }
  }

  const config &config_;
  std::vector<problem> problems_;
};

std::string_view host_of(std::string_view address) {
  std::string_view host = address.substr(address.find("://") + 3);
  const std::size_t port = host.rfind(':');
  host = port == std::string_view::npos ? std::string_view{} : host.substr(0, port);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  return host;
}

} // namespace

std::vector<problem> cross_check(const config &checked) {
  return checker(checked).run();
}

bool is_loopback(std::string_view address) {
  if (address.rfind(':') == address.find("://")) {
    return true; // no port: not of a network
  }
  const std::string_view host = host_of(address);
  const bool is_number = !host.empty() && host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "::1" || host == "localhost" || (is_number && host.starts_with("127."));
}

} // namespace outsize::host
