#include "host/node/registration.hpp"

#include "host/units/units.hpp"

#include <fmt/format.h>

#include <utility>

namespace outsize::host {

registration::registration(node_context &node, std::function<void()> on_registered)
    : node_(node), on_registered_(std::move(on_registered)) {}

registration::~registration() {
  *alive_ = false;
}

void registration::on_view_changed() {
  if (node_.generation != 0) {
    watch();
    return;
  }
  if (asking_ || node_.view().cluster == wire::cluster_id{}) {
    return;
  }
  if (result<void> known = learn_cluster(); !known) {
    node_.options.on_fatal(known.error());
    return;
  }
  if (result<void> fit = check_budgets(); !fit) {
    node_.options.on_fatal(fit.error());
    return;
  }
  take_generation();
}

result<void> registration::learn_cluster() {
  const wire::cluster_id &cluster = node_.view().cluster;
  if (node_.options.cluster == cluster) {
    return {};
  }
  if (node_.options.cluster != wire::cluster_id{}) {
    return make_error(code::wrong_cluster,
                      fmt::format("the data directory of node {} belongs to another cluster than metadata node {}",
                                  node_.options.name, node_.options.metadata_node),
                      "correct data-dir, or the addresses under [[peer]]");
  }
  if (result<void> written = node_.options.on_cluster(cluster); !written) {
    return written;
  }
  node_.options.cluster = cluster;
  return {};
}

result<void> registration::check_budgets() const {
  if (!node_.options.is_log_server) {
    return {};
  }
  const limit_and_owner format = format_limit_of(node_.view(), node_.options.name);
  if (format.bytes <= node_.options.log_server_memory_bytes) {
    return {};
  }
  return size_error(code::budget_too_small,
                    fmt::format("{} = {} cannot hold one message of log {}, whose segment limit is {}",
                                node_.options.log_server_memory_key,
                                format_bytes(node_.options.log_server_memory_bytes), format.owner,
                                format_bytes(format.bytes)),
                    node_.options.log_server_memory_bytes, format.bytes);
}

void registration::take_generation() {
  const auto found = node_.view().nodes.find(node_.options.name);
  const bool known = found != node_.view().nodes.end();
  node_record mine;
  mine.name = node_.options.name;
  mine.generation = known ? found->second.record.generation + 1 : 1;
  mine.message_limit_bytes = node_.options.message_limit_bytes;
  mine.addresses = addresses_;
  mine.log_server = node_.options.is_log_server;
  mine.sequencer = node_.options.is_sequencer;
  asking_ = true;
  // An unknown outcome needs no read-back here: a generation that was taken and is not used is only skipped.
  node_.metadata->update(
      "node/" + mine.name, known ? found->second.version : 0, encode(mine),
      [this, alive = alive_, generation = mine.generation](const result<metadata::outcome> &outcome) {
        if (!*alive) {
          return;
        }
        asking_ = false;
        if (!outcome || !outcome->swapped) {
          retry_at_ = node_.now + std::chrono::milliseconds(100);
          return;
        }
        node_.generation = generation;
        node_.endpoint->set_identity(node_.options.cluster, generation);
        on_registered_();
      });
}

void registration::watch() const {
  const node_record *mine = node_.view().node(node_.options.name);
  if (mine != nullptr && mine->generation > node_.generation) {
    node_.options.on_fatal(
        make_error(code::generation_superseded,
                   fmt::format("node {} was started again elsewhere: generation {} is registered, this one is {}",
                               node_.options.name, mine->generation, node_.generation)));
  }
}

void registration::on_time() {
  if (node_.now >= retry_at_) {
    retry_at_ = never;
    on_view_changed();
  }
}

} // namespace outsize::host
