#include "host/node/catch_up_keeper.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

namespace {

/// How often the global tail of open segments is looked at: what is missing is filled behind the appends, not beside
/// them.
constexpr auto look_every = std::chrono::milliseconds(500);

catch_up_options options_of(const node_context &node) {
  catch_up_options made;
  made.random = node.options.random;
  made.patience_min = node.options.request_timeout;
  made.bytes_max = std::min(made.bytes_max, node.options.log_server_memory_bytes); // which it is charged to
  return made;
}

} // namespace

catch_up_keeper::catch_up_keeper(node_context &node, log_server &server)
    : node_(node), server_(server),
      machine_(
          server,
          [this](const std::string &from, wire::fetch message, duration patience, catch_up::answered then) {
            fetch(from, std::move(message), patience, std::move(then));
          },
          options_of(node)) {}

void catch_up_keeper::fetch(const std::string &from, wire::fetch message, duration patience, catch_up::answered then) {
  node_.links->fetch(from, std::move(message), node_.now + patience, std::move(then));
}

void catch_up_keeper::set_goals() {
  for (const auto &[name, log] : node_.view().logs) {
    for (const segment_record &segment : log.record.chain) {
      catch_up_goal goal;
      goal.segment = log.record.id_of(segment);
      goal.base = segment.base;
      goal.members = segment.nodeset;
      if (std::erase(goal.members, node_.options.name) == 0) {
        continue; // not one of ours
      }
      const segment_snapshot *held = server_.find(goal.segment);
      goal.target = segment.end.value_or(held == nullptr ? segment.base : held->row.global_tail);
      machine_.want(goal);
    }
  }
}

void catch_up_keeper::on_time() {
  if (node_.now >= look_at_) {
    look_at_ = node_.now + look_every;
    set_goals();
  }
  if (machine_.next_time() <= node_.now) {
    machine_.on_time(node_.now);
  }
}

time_point catch_up_keeper::next_time() const {
  return std::min(look_at_, machine_.next_time());
}

} // namespace outsize::host
