#include "node_parts.hpp"

#include <outsize/size_policy_handle.hpp>

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace outsize::host {
namespace {

wanted_log log_from(const log_config &log) {
  return {log.name.value,     log.sequencer.value,     log.nodeset.value,
          log.policies.value, log.message_limit.value, static_cast<std::uint32_t>(log.replication.value)};
}

sequencer_options sequencer_from(const sequencer_config &sequencer) {
  sequencer_options made;
  made.in_flight_bytes = sequencer.in_flight_bytes.value;
  made.producer_in_flight_bytes = sequencer.producer_in_flight_bytes.value;
  made.bulk_window_bytes = sequencer.bulk_window.value;
  made.spread = sequencer.spread.value == "replication" ? spread_rule::replication : spread_rule::all;
  made.lower_limit = sequencer.on_lower_limit.value == "seal" ? on_lower_limit::seal : on_lower_limit::set_aside;
  return made;
}

error at_section(error why, std::string_view section, const setting<std::string> &plugin) {
  why.text = fmt::format("{} \"{}\" cannot be opened: {}", section, plugin.value, why.text);
  why.peer = plugin.where.text();
  return why;
}

/// What a transport may hold for messages being received: one of the largest on each of two links, and room for small
/// ones.
constexpr std::uint64_t receive_bytes_max(std::uint64_t message_limit) {
  return 2 * message_limit + 16 * wire::mib;
}

result<void> open_transports(const config &from, const preparation &with, const outsize_host *host,
                             node_options &into) {
  const std::uint64_t limit = from.node.message_limit.value;
  for (std::size_t i = 0; i < with.transports.size(); ++i) {
    result<std::unique_ptr<transport_handle>> opened = open_transport(
        *with.transports[i].component, with.transports[i].params, host, {limit, receive_bytes_max(limit)});
    if (!opened) {
      return at_section(std::move(opened).error(), "transport", from.transports[i].plugin);
    }
    into.transports.push_back(std::move(*opened));
  }
  return {};
}

chained_policy chained(const size_policy_config &section, std::shared_ptr<size_policy_handle> policy) {
  chained_policy made;
  made.name = section.name.value;
  made.applies_above = section.applies_above.value;
  made.decide = [policy = std::move(policy)](const outsize_policy_input &input,
                                             outsize_policy_plan &plan) -> result<void> {
    result<policy_plan> decided = policy->decide(input);
    if (!decided) {
      return std::move(decided).error();
    }
    plan = decided->raw();
    return {};
  };
  return made;
}

result<void> open_policies(const config &from, const preparation &with, const outsize_host *host, node_options &into) {
  for (std::size_t i = 0; i < with.size_policies.size(); ++i) {
    result<std::unique_ptr<size_policy_handle>> made =
        make_size_policy(*with.size_policies[i].component, with.size_policies[i].params, host);
    if (!made) {
      return at_section(std::move(made).error(), "size policy", from.size_policies[i].plugin);
    }
    const size_policy_config &section = from.size_policies[i];
    into.policies.emplace(section.name.value, chained(section, std::move(*made)));
  }
  return {};
}

} // namespace

node_options options_from(const config &from, const preparation &with) {
  node_options made;
  made.name = from.node.name.value;
  made.cluster_name = from.cluster.name.value;
  made.is_log_server = from.node.has_role("log-server");
  made.is_sequencer = from.node.has_role("sequencer");
  made.replication = static_cast<std::uint32_t>(from.cluster.replication.value);
  made.message_limit_bytes = from.node.message_limit.value;
  made.listen = listen_addresses(from, with);
  for (const peer_config &peer : from.peers) {
    made.peers.push_back({peer.name.value, address_of(from, with, peer)});
  }
  made.metadata_node = from.metadata.node.value;
  for (const log_config &log : from.logs) {
    made.logs.push_back(log_from(log));
  }
  made.sequencer = sequencer_from(from.sequencer);
  made.log_server_memory_bytes = from.log_server.memory_budget.value;
  made.part_window_bytes = from.node.part_window.value;
  return made;
}

result<void> open_plugins(const config &from, const preparation &with, const outsize_host *host, node_options &into) {
  if (result<void> opened = open_transports(from, with, host, into); !opened) {
    return opened;
  }
  return open_policies(from, with, host, into);
}

result<std::vector<blob_source>> open_blob_stores(const config &from, const preparation &with,
                                                  const outsize_host *host) {
  std::vector<blob_source> made;
  for (std::size_t i = 0; i < with.blob_stores.size(); ++i) {
    const prepared_component &store = with.blob_stores[i];
    blob_source source;
    source.name = from.blob_stores[i].name.value;
    source.open = [&store, host] { return open_blob_store(*store.component, store.params, host); };
    result<std::unique_ptr<blob_store_handle>> opened = source.open();
    if (opened) {
      source.opened = *std::move(opened);
    } else if (opened.error().retry() != retry_class::later) {
      return at_section(std::move(opened).error(), "blob store", from.blob_stores[i].plugin);
    }
    made.push_back(std::move(source));
  }
  return made;
}

} // namespace outsize::host
