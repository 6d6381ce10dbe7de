#include "sim/transport/network.hpp"

#include "sim/transport/connection.hpp"
#include "sim/transport/port.hpp"

#include <algorithm>

namespace outsize::sim {

network::network(random_source random) : random_(random) {}

network::~network() = default;

path_quality &network::path(const std::string &from, const std::string &to) {
  return paths_.try_emplace({from, to}, usual_path_).first->second;
}

duration network::delay_of(const std::string &from, const std::string &to) {
  const path_quality &quality = path(from, to);
  return quality.delay + random_.between(duration{}, quality.jitter);
}

void network::block(const std::string &from, const std::string &to, bool blocked) {
  path(from, to).blocked = blocked;
  if (blocked) {
    return;
  }
  for (const std::shared_ptr<connection> &one : living()) {
    if (one->joins(from, to)) {
      one->go_on();
    }
  }
}

void network::break_links(const std::string &one, const std::string &other) {
  for (const std::shared_ptr<connection> &each : living()) {
    if (each->joins(one, other)) {
      each->break_both(make_error(code::link_down, "connection reset by the network"));
    }
  }
}

void network::set_power(const std::string &machine, bool on) {
  if (on) {
    dark_.erase(machine);
    return;
  }
  dark_.insert(machine);
  for (port *const each : ports_) {
    if (each->machine() == machine) {
      for (const auto &[link, where] : each->links_) {
        where.on->abandon(where.side);
      }
    }
  }
}

void network::run(time_point now) {
  advance(now);
  while (timers_.next() <= now_) {
    timers_.run(now_);
  }
}

time_point network::next_time() const {
  return timers_.next();
}

bool network::has_work(const std::string &machine) const {
  return std::any_of(ports_.begin(), ports_.end(),
                     [&](const port *one) { return one->machine() == machine && one->has_work(); });
}

void network::show_crossing(const std::string &machine, std::uint64_t limit_bytes, std::span<const buffer> parts) {
  std::vector<buffer> copies(parts.begin(), parts.end());
  sighting seen{machine, machine, 0, limit_bytes, 0, 0, copies};
  for (const buffer &part : copies) {
    seen.bytes += part.size();
  }
  if (crossing_observer_) {
    crossing_observer_(seen);
  }
}

std::uint64_t network::bytes_under_way(const std::string &from) const {
  std::uint64_t sum = 0;
  for (const std::weak_ptr<connection> &one : connections_) {
    if (const std::shared_ptr<connection> alive = one.lock()) {
      sum += alive->bytes_under_way(from);
    }
  }
  return sum;
}

void network::adopt(const std::shared_ptr<connection> &made) {
  std::erase_if(connections_, [](const std::weak_ptr<connection> &one) { return one.expired(); });
  connections_.push_back(made);
}

std::vector<std::shared_ptr<connection>> network::living() {
  std::vector<std::shared_ptr<connection>> found;
  for (const std::weak_ptr<connection> &one : connections_) {
    if (std::shared_ptr<connection> alive = one.lock()) {
      found.push_back(std::move(alive));
    }
  }
  return found;
}

} // namespace outsize::sim
