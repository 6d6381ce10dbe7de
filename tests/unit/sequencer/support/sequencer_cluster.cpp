#include "sequencer_cluster.hpp"

#include <algorithm>

namespace outsize::test {

sequencer_cluster::sequencer_cluster(std::vector<member_config> members, std::uint32_t replication) {
  host::log_record log;
  log.id = 7;
  log.name = "orders";
  log.sequencer = "n3";
  log.replication = replication;
  for (const member_config &one : members) {
    log.nodeset.push_back(one.name);
    limits_[one.name] = one.limit_bytes;
    register_node(one.name, 1);
    peers.link_up(one.name, one.limit_bytes);
  }
  metadata.set_log(log);
  options.node = "n3";
  options.now = [this] { return now; };
  options.random = [this] { return random_ = random_ * 6364136223846793005ULL + 1442695040888963407ULL; };
  options.wall_ms = [] { return std::uint64_t{1700000000000}; };
  options.log = [this](int, const std::string &line) { lines.push_back(line); };
}

void sequencer_cluster::register_node(const std::string &node, host::generation_t generation) {
  generations_[node] = generation;
  host::node_record record;
  record.name = node;
  record.generation = generation;
  record.message_limit_bytes = limits_[node];
  record.log_server = true;
  metadata.set_node(record);
}

void sequencer_cluster::start() {
  register_node("n3", generations_["n3"] + 1);
  options.generation = generations_["n3"];
  sequencer = std::make_unique<host::log_sequencer>("orders", options, peers, metadata);
  sequencer->set_policies(policies);
  sequencer->start(now);
}

void sequencer_cluster::start_and_open() {
  start();
  run();
}

handle sequencer_cluster::append(const std::string &payload, const wire::record_header &header, time_point deadline) {
  std::vector<host::append_item> items;
  items.push_back(make_item(payload, header));
  return append_all(std::move(items), deadline);
}

handle sequencer_cluster::append_all(std::vector<host::append_item> items, time_point deadline) {
  auto made = std::make_shared<append_handle>();
  sequencer->append(std::move(items), 1, deadline, now, [made](std::vector<wire::append_result> results) {
    made->answered = true;
    made->results = std::move(results);
  });
  return made;
}

void sequencer_cluster::link_up(const std::string &node) {
  peers.link_up(node, limits_[node]);
  sequencer->on_link_up(node, now);
}

void sequencer_cluster::link_down(const std::string &node) {
  peers.link_down(node);
  sequencer->on_link_down(node, now);
}

void sequencer_cluster::restart_with_limit(const std::string &node, std::uint64_t limit_bytes) {
  link_down(node);
  limits_[node] = limit_bytes;
  register_node(node, generations_[node] + 1);
  sequencer->on_view_changed(now);
  link_up(node);
}

void sequencer_cluster::run() {
  for (int steps = 0; steps < 1'000'000; ++steps) {
    if (peers.deliver_one()) {
      continue;
    }
    if (metadata.deliver_one()) {
      sequencer->on_view_changed(now);
      continue;
    }
    if (sequencer->next_time() > now) {
      return;
    }
    sequencer->on_time(now);
  }
  throw std::runtime_error("the sequencer never comes to rest");
}

void sequencer_cluster::pass(duration time) {
  const time_point end = now + time;
  run();
  while (now < end) {
    now = std::min({end, std::max(now, sequencer->next_time()), std::max(now, peers.next_deadline())});
    peers.expire(now);
    sequencer->on_time(now);
    run();
  }
}

std::size_t sequencer_cluster::lines_with(const std::string &part) const {
  return static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [&](const std::string &line) { return line.find(part) != std::string::npos; }));
}

std::size_t sequencer_cluster::copies(std::uint32_t segment_index, wire::offset_t offset, const std::string &payload) {
  return static_cast<std::size_t>(std::count_if(peers.servers.begin(), peers.servers.end(), [&](const auto &one) {
    return one.second.payload_at(segment(segment_index), offset) == payload;
  }));
}

} // namespace outsize::test
