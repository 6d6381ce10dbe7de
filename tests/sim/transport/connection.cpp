#include "sim/transport/connection.hpp"

#include "sim/transport/port.hpp"

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

error link_down(std::string text) {
  return make_error(code::link_down, std::move(text));
}

duration time_on_wire(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  return bytes_per_second == 0 ? duration{}
                               : duration{static_cast<duration::rep>(bytes * 1'000'000'000 / bytes_per_second)};
}

transport_event made(transport_event::kind what, outsize_link link, std::uint64_t token) {
  transport_event event;
  event.what = what;
  event.link = link;
  event.token = token;
  event.why.code = code::ok;
  return event;
}

} // namespace

void connection::at(time_point when, void (connection::*then)(std::size_t), std::size_t side) {
  net_.at(when, [weak = weak_from_this(), then, side] {
    if (const std::shared_ptr<connection> self = weak.lock()) {
      ((*self).*then)(side);
    }
  });
}

path_quality &connection::path_from(std::size_t side) {
  return net_.path(ends_[side].machine, ends_[other(side)].machine);
}

duration connection::delay_from(std::size_t side) {
  return net_.delay_of(ends_[side].machine, ends_[other(side)].machine);
}

// ---- opening

void connection::give(std::size_t side, port &owner, std::uint64_t token) {
  end_point &end = ends_[side];
  end.owner = &owner;
  end.machine = owner.machine();
  end.token = token;
  end.limit_bytes = end.own_limit_bytes = owner.limits().message_bytes_max;
  end.queue_bytes_max = owner.limits().queue_bytes_max;
  end.link = owner.open_link(shared_from_this(), side);
}

outsize_link connection::dial(port &dialler, const std::string &address, std::uint64_t token) {
  address_ = address;
  ends_[1].machine = address.substr(6, address.find(':', 6) - 6); // behind "sim://"
  give(0, dialler, token);
  at(net_.now() + delay_from(0), &connection::knock, 0);
  at(net_.now() + dialler.limits().connect_timeout, &connection::give_up, 0);
  return ends_[0].link;
}

void connection::knock(std::size_t /*side*/) {
  if (ends_[0].owner == nullptr || path_from(0).blocked || !net_.powered(ends_[1].machine)) {
    return; // nobody answers; the dialler's timeout ends it
  }
  const auto listener = net_.listeners_.find(address_);
  if (listener == net_.listeners_.end()) {
    return at(net_.now() + delay_from(1), &connection::refuse, 0);
  }
  accept(*listener->second);
}

void connection::accept(port &listener) {
  give(1, listener, 0);
  ends_[1].up = true;
  transport_event up = made(transport_event::kind::link_up, ends_[1].link, 0);
  up.peer = "sim://" + ends_[0].machine;
  listener.tell(std::move(up));
  if (net_.random_.millionths(path_from(1).lost_handshake_millionths)) {
    ++net_.faults_.handshakes_lost;
  } else {
    at(net_.now() + delay_from(1), &connection::welcome_back, 0);
  }
}

void connection::welcome_back(std::size_t /*side*/) {
  if (path_from(1).blocked) {
    return;
  }
  if (ends_[0].owner == nullptr) {
    return send_reset(1);
  }
  ends_[0].up = true;
  transport_event up = made(transport_event::kind::link_up, ends_[0].link, ends_[0].token);
  up.peer = address_;
  ends_[0].owner->tell(std::move(up));
  deliver(1); // what the accepting end sent meanwhile
}

void connection::give_up(std::size_t side) {
  if (!ends_[side].up) {
    bring_down(side, make_error(code::timed_out, "no answer from " + address_));
  }
}

void connection::refuse(std::size_t side) {
  if (!path_from(other(side)).blocked) {
    bring_down(side, link_down("connection refused by " + address_));
  }
}

// ---- moving

result<send_outcome> connection::send(std::size_t side, std::span<const buffer> parts, std::uint64_t token) {
  end_point &end = ends_[side];
  flow &out = flows_[side];
  if (!end.up) {
    return link_down("the link is not up");
  }
  if (result<void> possible = check_part_count(parts.size()); !possible) {
    return std::move(possible).error();
  }
  message what{{parts.begin(), parts.end()}, 0, token, false, {}};
  for (const buffer &part : parts) {
    what.bytes += part.size();
  }
  if (const result<void> fits = check_message_size(what.bytes, end.limit_bytes, ends_[other(side)].machine); !fits) {
    return fits.error();
  }
  if (out.queued_bytes > 0 && out.queued_bytes + what.bytes > end.queue_bytes_max) {
    end.wants_writable = true;
    return send_outcome::busy;
  }
  if (out.queue.empty() && path_from(side).bytes_per_second == 0 && may_start(side, what.bytes)) {
    what.told = true;
    launch(side, std::move(what));
    return send_outcome::done;
  }
  out.queued_bytes += what.bytes;
  out.queue.push_back(std::move(what));
  put_on_wire(side);
  return send_outcome::queued;
}

bool connection::may_start(std::size_t side, std::uint64_t bytes) {
  const flow &out = flows_[side];
  const std::uint64_t window = ends_[side].queue_bytes_max;
  return !path_from(side).blocked && (out.under_way_bytes == 0 || out.under_way_bytes + bytes <= window);
}

void connection::put_on_wire(std::size_t side) {
  flow &out = flows_[side];
  if (out.busy || out.queue.empty() || !may_start(side, out.queue.front().bytes)) {
    return;
  }
  out.busy = true;
  out.on_wire_since = net_.now();
  out.off_wire_at = net_.now() + time_on_wire(out.queue.front().bytes, path_from(side).bytes_per_second);
  at(out.off_wire_at, &connection::leave_wire, side);
}

void connection::leave_wire(std::size_t side) {
  flow &out = flows_[side];
  if (!out.busy) {
    return; // the link ended meanwhile
  }
  message what = std::move(out.queue.front());
  out.queue.pop_front();
  out.busy = false;
  out.queued_bytes -= what.bytes;
  complete(side, what, nullptr);
  launch(side, std::move(what));
  put_on_wire(side);
  offer_room(side);
}

void connection::launch(std::size_t side, message &&what) {
  end_point &from = ends_[side];
  const end_point &to = ends_[other(side)];
  from.stats.bytes_sent += what.bytes;
  ++from.stats.messages_sent;
  sighting seen{from.machine, to.machine, what.bytes, std::min(from.own_limit_bytes, to.own_limit_bytes),
                number_,      side,       what.parts};
  const tampering verdict = net_.observer_ ? net_.observer_(seen) : tampering::pass;
  if (verdict == tampering::drop || flows_[side].severed) {
    return;
  }
  if (net_.random_.millionths(path_from(side).loss_millionths)) {
    return lose(side);
  }
  what.bytes = seen.bytes;
  if (verdict == tampering::twice) {
    travel(side, message(what));
  }
  travel(side, std::move(what));
}

void connection::travel(std::size_t side, message &&what) {
  flow &out = flows_[side];
  out.last_arrival = std::max(out.last_arrival, net_.now() + delay_from(side));
  out.under_way_bytes += what.bytes;
  out.under_way.push_back(std::move(what));
  at(out.last_arrival, &connection::arrive, side);
}

void connection::arrive(std::size_t side) {
  ++flows_[side].arrived;
  deliver(side);
}

void connection::deliver(std::size_t side) {
  flow &out = flows_[side];
  while (out.arrived > 0 && !out.under_way.empty() && !path_from(side).blocked) {
    if (!hand_over(side, out.under_way.front())) {
      break;
    }
    out.under_way_bytes -= out.under_way.front().bytes;
    out.under_way.pop_front();
    --out.arrived;
  }
  put_on_wire(side);
}

/// False: not now.
bool connection::hand_over(std::size_t side, message &what) {
  end_point &to = ends_[other(side)];
  if (to.owner == nullptr) {
    if (!what.ends && net_.powered(to.machine)) {
      send_reset(side);
    }
    return true;
  }
  if (!to.up || (!what.ends && !to.owner->has_room_for(what.bytes))) {
    return false;
  }
  if (what.ends) {
    bring_down(other(side), *what.ends);
  } else if (what.bytes > to.limit_bytes) {
    overflow(other(side), what);
  } else {
    take_in(to, what);
  }
  return true;
}

void connection::take_in(end_point &to, message &what) {
  to.stats.bytes_received += what.bytes;
  ++to.stats.messages_received;
  transport_event event = made(transport_event::kind::message, to.link, 0);
  event.parts = std::move(what.parts);
  to.owner->tell(std::move(event));
}

void connection::overflow(std::size_t side, const message &what) {
  end_point &to = ends_[side];
  transport_event event = made(transport_event::kind::oversize, to.link, 0);
  event.peer = ends_[other(side)].machine;
  event.actual_bytes = what.bytes;
  event.limit_bytes = to.limit_bytes;
  to.owner->tell(std::move(event));
  bring_down(side,
             size_error(code::too_large, "the peer sent more than the limit of the link", what.bytes, to.limit_bytes));
  send_reset(other(side));
}

void connection::complete(std::size_t side, const message &what, const error *why) {
  const end_point &end = ends_[side];
  if (end.owner == nullptr || what.told) {
    return;
  }
  transport_event event = made(transport_event::kind::completion, end.link, what.token);
  if (why != nullptr) {
    event.why = *why;
  }
  end.owner->tell(std::move(event));
}

void connection::offer_room(std::size_t side) {
  end_point &end = ends_[side];
  if (end.wants_writable && end.owner != nullptr && flows_[side].queued_bytes <= end.queue_bytes_max / 2) {
    end.wants_writable = false;
    end.owner->tell(made(transport_event::kind::writable, end.link, 0));
  }
}

void connection::go_on() {
  for (const std::size_t side : {0, 1}) {
    deliver(side);
  }
}

// ---- what it says of itself

result<void> connection::set_limit(std::size_t side, std::uint64_t bytes) {
  end_point &end = ends_[side];
  if (bytes > end.limit_bytes) {
    return make_error(code::invalid_argument,
                      "the limit of a link can only be lowered, from " + std::to_string(end.limit_bytes) + " bytes");
  }
  end.limit_bytes = bytes;
  return {};
}

std::uint64_t connection::wire_progress(std::size_t side) const {
  const flow &in = flows_[side];
  if (!in.busy || in.severed || in.off_wire_at <= in.on_wire_since) {
    return 0;
  }
  const auto passed = static_cast<double>((std::min(net_.now(), in.off_wire_at) - in.on_wire_since).count());
  const auto whole = static_cast<double>((in.off_wire_at - in.on_wire_since).count());
  return static_cast<std::uint64_t>(static_cast<double>(in.queue.front().bytes) * passed / whole);
}

void connection::fill(std::size_t side, outsize_link_stats &stats) const {
  const end_point &end = ends_[side];
  stats = end.stats;
  stats.limit_bytes = end.limit_bytes;
  stats.queued_bytes = flows_[side].queued_bytes;
  stats.queued_bytes_max = end.queue_bytes_max;
  stats.bytes_received += wire_progress(other(side)) + flows_[other(side)].under_way_bytes;
}

bool connection::joins(const std::string &one, const std::string &two) const {
  return (ends_[0].machine == one && ends_[1].machine == two) || (ends_[0].machine == two && ends_[1].machine == one);
}

std::uint64_t connection::bytes_under_way(const std::string &from) const {
  std::uint64_t sum = 0;
  for (const std::size_t side : {0U, 1U}) {
    if (ends_[side].machine == from) {
      sum += flows_[side].queued_bytes + flows_[side].under_way_bytes;
    }
  }
  return sum;
}

// ---- ending

void connection::close(std::size_t side) {
  const std::shared_ptr<connection> self = shared_from_this();
  ends_[side].owner->drop_messages(ends_[side].link);
  bring_down(side, make_error(code::cancelled, "closed by its owner"));
  send_end(side, link_down("closed by the peer"));
}

void connection::abandon(std::size_t side) {
  const std::shared_ptr<connection> self = shared_from_this();
  end_point &end = ends_[side];
  flow &out = flows_[side];
  if (end.owner == nullptr) {
    return;
  }
  end.owner = nullptr;
  end.up = false;
  out.queue.clear();
  out.queued_bytes = 0;
  out.busy = false;
  if (net_.powered(end.machine)) {
    send_end(side, link_down("the peer's process ended"));
  }
}

void connection::break_both(const error &why) {
  for (const std::size_t side : {0, 1}) {
    flow &out = flows_[side];
    out.severed = true;
    out.under_way.clear();
    out.under_way_bytes = 0;
    out.arrived = 0;
    net_.at(net_.now() + delay_from(side), [weak = weak_from_this(), side, why] {
      if (const std::shared_ptr<connection> self = weak.lock()) {
        self->bring_down(side, why);
      }
    });
  }
}

void connection::lose(std::size_t side) {
  flow &out = flows_[side];
  const bool one_notices = net_.random_.millionths(path_from(side).half_open_millionths);
  const bool sender_notices = !one_notices || net_.random_.one_in(2);
  ++net_.faults_.messages_lost;
  net_.faults_.links_half_open += one_notices ? 1 : 0;
  if (!one_notices || !sender_notices) {
    send_end(side, link_down("connection broken"));
  }
  if (sender_notices) {
    at(net_.now() + 2 * delay_from(side), &connection::reset, side);
  }
  out.severed = true;
}

void connection::send_end(std::size_t side, const error &why) {
  if (!flows_[side].severed) {
    travel(side, message{{}, 0, 0, true, why});
  }
}

void connection::send_reset(std::size_t side) {
  at(net_.now() + delay_from(other(side)), &connection::reset, side);
}

void connection::reset(std::size_t side) {
  if (!path_from(other(side)).blocked) {
    bring_down(side, link_down("connection reset"));
  }
}

void connection::bring_down(std::size_t side, const error &why) {
  end_point &end = ends_[side];
  flow &out = flows_[side];
  if (end.owner == nullptr) {
    return;
  }
  for (const message &left : out.queue) {
    complete(side, left, &why);
  }
  out.queue.clear();
  out.queued_bytes = 0;
  out.busy = false;
  transport_event down = made(transport_event::kind::link_down, end.link, end.token);
  down.why = why;
  port *owner = std::exchange(end.owner, nullptr);
  end.up = false;
  owner->tell(std::move(down));
  owner->forget_link(end.link);
}

} // namespace outsize::sim
