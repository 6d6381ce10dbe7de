#include "host/link/peer_links.hpp"

#include <fmt/format.h>

#include <utility>

namespace outsize::host {

namespace {

constexpr std::array<wire::link_class, 3> classes = {wire::link_class::control, wire::link_class::stores,
                                                     wire::link_class::reads};

std::size_t place_of(wire::link_class what) {
  return static_cast<std::size_t>(what) - 1;
}

/// Pieces of large appends take turns with each other and with the stores of logs, whose streams have small numbers.
std::uint64_t turn_of(std::uint64_t append_stream) {
  return append_stream | (std::uint64_t{1} << 63);
}

error unreachable(const std::string &node) {
  error made = make_error(code::link_down, fmt::format("no link to node {}", node));
  made.peer = node;
  return made;
}

} // namespace

peer_links::peer_links(wire::endpoint &through, options how) : endpoint_(through), options_(std::move(how)) {}

result<void> peer_links::add(const std::string &node, const std::string &address) {
  peer_state &peer = peers_[node];
  peer.address = address;
  for (const wire::link_class what : classes) {
    const result<wire::dial_id> dial = endpoint_.dial({address, what, node, false});
    if (!dial) {
      return dial.error();
    }
    dials_[dial.value()] = {node, place_of(what)};
    peer.links[place_of(what)].what = what;
  }
  return {};
}

bool peer_links::on_link_up(const wire::link_info &link) {
  const auto dial = dials_.find(link.dial);
  if (dial == dials_.end()) {
    return false;
  }
  link_state &state = peers_[dial->second.first].links[dial->second.second];
  state.id = link.id;
  ++state.times_up;
  nodes_[link.id] = dial->second.first;
  return true;
}

bool peer_links::on_link_down(const wire::link_info &link, const error &why) {
  const auto dial = dials_.find(link.dial);
  if (dial == dials_.end()) {
    return false;
  }
  link_state &state = peers_[dial->second.first].links[dial->second.second];
  state.id = 0;
  state.last_error = why.text;
  nodes_.erase(link.id);
  return true;
}

std::optional<peer_links::change> peer_links::on_dial_failed(wire::dial_id dial, const error &why) {
  const auto found = dials_.find(dial);
  if (found == dials_.end()) {
    return std::nullopt;
  }
  const std::string &node = found->second.first;
  peer_state &peer = peers_[node];
  peer.links[found->second.second].last_error = why.text;
  if (std::exchange(peer.said_unreachable, true)) {
    return std::nullopt;
  }
  return change{node, peer.address, false};
}

std::optional<peer_links::change> peer_links::now_reachable(const std::string &node) {
  peer_state &peer = peers_[node];
  if (!std::exchange(peer.said_unreachable, false)) {
    return std::nullopt;
  }
  return change{node, peer.address, true};
}

void peer_links::run_deferred() {
  std::vector<std::function<void()>> now;
  now.swap(deferred_);
  for (const auto &then : now) {
    then();
  }
}

const peer_links::link_state *peer_links::find(const std::string &node, wire::link_class what) const {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second.links[place_of(what)];
}

bool peer_links::reachable(const std::string &node) const {
  const link_state *control = find(node, wire::link_class::control);
  return control != nullptr && control->id != 0;
}

std::string peer_links::node_of(wire::link_id link) const {
  const auto found = nodes_.find(link);
  return found == nodes_.end() ? std::string{} : found->second;
}

std::string peer_links::node_of_dial(wire::dial_id dial) const {
  const auto found = dials_.find(dial);
  return found == dials_.end() ? std::string{} : found->second.first;
}

template <class Answer> void peer_links::ask(const std::string &node, wire::link_class over, wire::outgoing message,
                                             time_point deadline, answered<Answer> then) {
  const link_state *link = find(node, over);
  if (link == nullptr || link->id == 0) {
    deferred_.push_back([then = std::move(then), why = unreachable(node)] { then(why, {}); });
    return;
  }
  // The endpoint may answer from inside request; our callers may not be answered before they return.
  const auto inside = std::make_shared<bool>(true);
  endpoint_.request(link->id, std::move(message), deadline,
                    [this, node, inside, then = std::move(then)](result<wire::incoming> reply) {
                      const auto finish = [node, then](result<wire::incoming> &&got) {
                        if (!got) {
                          error why = std::move(got).error();
                          why.peer = why.peer.empty() ? node : why.peer;
                          then(std::move(why), {});
                          return;
                        }
                        if (got->what != Answer::number) {
                          then(make_error(code::malformed,
                                          fmt::format("node {} answered with a message of kind {}, not {}", node,
                                                      static_cast<int>(got->what), static_cast<int>(Answer::number))),
                               {});
                          return;
                        }
                        then(wire::decode<Answer>(got->header), std::move(got->payload));
                      };
                      if (!*inside) {
                        finish(std::move(reply));
                        return;
                      }
                      deferred_.push_back([finish, held = std::make_shared<result<wire::incoming>>(std::move(reply))] {
                        finish(std::move(*held));
                      });
                    });
  *inside = false;
}

std::uint64_t peer_links::store_link_limit(const std::string &node) const {
  const link_state *link = find(node, wire::link_class::stores);
  const wire::link_info *open = link == nullptr || link->id == 0 ? nullptr : endpoint_.find_link(link->id);
  return open == nullptr ? 0 : open->limit_bytes;
}

void peer_links::store(const std::string &node, wire::store message, rope payload, time_point deadline,
                       answered<wire::stored> then) {
  const std::uint64_t stream = message.segment.log;
  ask<wire::stored>(node, wire::link_class::stores, wire::make_outgoing(message, std::move(payload), stream), deadline,
                    std::move(then));
}

void peer_links::seal(const std::string &node, wire::seal message, time_point deadline, answered<wire::sealed> then) {
  ask<wire::sealed>(node, wire::link_class::control, wire::make_outgoing(message), deadline, std::move(then));
}

void peer_links::fetch(const std::string &node, wire::fetch message, time_point deadline,
                       answered<wire::fetched> then) {
  ask<wire::fetched>(node, wire::link_class::reads, wire::make_outgoing(message), deadline, std::move(then));
}

void peer_links::fetch_set(const std::string &node, wire::fetch_set message, time_point deadline,
                           answered<wire::set_fetched> then) {
  ask<wire::set_fetched>(node, wire::link_class::reads, wire::make_outgoing(message), deadline, std::move(then));
}

void peer_links::list_entries(const std::string &node, wire::list_entries message, time_point deadline,
                              answered<wire::entries> then) {
  ask<wire::entries>(node, wire::link_class::reads, wire::make_outgoing(message), deadline, std::move(then));
}

void peer_links::describe_segment(const std::string &node, wire::describe_segment message, time_point deadline,
                                  answered<wire::segment_state> then) {
  ask<wire::segment_state>(node, wire::link_class::control, wire::make_outgoing(message), deadline, std::move(then));
}

void peer_links::release(const std::string &node, wire::release message) {
  const link_state *link = find(node, wire::link_class::control);
  if (link != nullptr && link->id != 0) {
    // Nobody waits for it: a release that is lost is said again with the next store.
    (void)endpoint_.send(link->id, wire::make_outgoing(message));
  }
}

void peer_links::append(const std::string &node, wire::append message, rope payload, time_point deadline,
                        answered<wire::appended> then) {
  ask<wire::appended>(node, wire::link_class::stores, wire::make_outgoing(message, std::move(payload)), deadline,
                      std::move(then));
}

void peer_links::open_append(const std::string &node, const wire::open_append &message, rope record_header,
                             time_point deadline, answered<wire::append_opened> then) {
  // With the whole records: an append must not overtake what its producer sent before.
  ask<wire::append_opened>(node, wire::link_class::stores, wire::make_outgoing(message, std::move(record_header)),
                           deadline, std::move(then));
}

void peer_links::append_piece(const std::string &node, const wire::append_piece &message, rope bytes,
                              time_point deadline, answered<wire::piece_taken> then) {
  ask<wire::piece_taken>(node, wire::link_class::stores,
                         wire::make_outgoing(message, std::move(bytes), turn_of(message.stream)), deadline,
                         std::move(then));
}

void peer_links::finish_append(const std::string &node, const wire::finish_append &message, time_point deadline,
                               answered<wire::append_finished> then) {
  ask<wire::append_finished>(node, wire::link_class::stores, wire::make_outgoing(message, {}, turn_of(message.stream)),
                             deadline, std::move(then));
}

void peer_links::abandon_append(const std::string &node, const wire::abandon_append &message) {
  const link_state *link = find(node, wire::link_class::stores);
  if (link != nullptr && link->id != 0) {
    // Nobody waits for it: what is not said now, the end of the link or the idle time says.
    (void)endpoint_.send(link->id, wire::make_outgoing(message, {}, turn_of(message.stream)));
  }
}

void peer_links::find_tail(const std::string &node, wire::find_tail message, time_point deadline,
                           answered<wire::tail> then) {
  ask<wire::tail>(node, wire::link_class::control, wire::make_outgoing(message), deadline, std::move(then));
}

void peer_links::sync(wire::sync_metadata message, time_point deadline,
                      std::function<void(result<wire::metadata>)> then) {
  ask<wire::metadata>(
      options_.metadata_node, wire::link_class::control, wire::make_outgoing(message), deadline,
      [then = std::move(then)](result<wire::metadata> answer, const rope &) { then(std::move(answer)); });
}

void peer_links::update(wire::update_metadata message, time_point deadline,
                        std::function<void(result<wire::metadata_updated>)> then) {
  ask<wire::metadata_updated>(
      options_.metadata_node, wire::link_class::control, wire::make_outgoing(message), deadline,
      [then = std::move(then)](result<wire::metadata_updated> answer, const rope &) { then(std::move(answer)); });
}

} // namespace outsize::host
