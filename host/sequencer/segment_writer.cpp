#include "host/sequencer/segment_writer.hpp"

#include "host/sequencer/store_failure.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace outsize::host {
namespace {

batcher::bounds batch_bounds(const open_segment_settings &segment, const sequencer_options &options) {
  return {segment.limit_bytes, options.batch_bytes_max, options.batch_entries_max};
}

/// The own server first, since it costs no network; then in the order of the nodeset, begun at a place that differs
/// from log to log, so that the load of many logs is spread.
std::vector<std::size_t> preference(const open_segment_settings &segment, const std::string &own) {
  std::vector<std::size_t> order(segment.nodeset.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(segment.id.log % order.size()), order.end());
  std::stable_partition(order.begin(), order.end(), [&](std::size_t member) { return segment.nodeset[member] == own; });
  return order;
}

/// The smallest limit that the server's refusal proves.
std::uint64_t limit_shown_by(const error &why, std::uint64_t message_bytes) {
  const bool useful = why.limit_bytes != 0 && why.limit_bytes < message_bytes;
  return std::max(wire::message_limit_bytes_min, useful ? why.limit_bytes : message_bytes - 1);
}

} // namespace

segment_writer::segment_writer(open_segment_settings segment, const sequencer_options &options)
    : segment_(std::move(segment)), options_(options), batcher_(batch_bounds(segment_, options_)), tail_(segment_.base),
      spread_(options_.spread, segment_.replication, preference(segment_, options_.node)) {
  for (const std::string &node : segment_.nodeset) {
    servers_.emplace_back(replica_settings{
        node, segment_.limit_bytes, std::max(options_.server_outstanding_bytes, segment_.limit_bytes),
        options_.store_timeout_min, options_.store_timeout_max, options_.wave_pause_min, options_.wave_pause_max});
    servers_.back().next = segment_.base;
  }
}

// ---- events ---------------------------------------------------------------------------------------------------------

void segment_writer::append(admitted_record record) {
  batcher_.add(std::move(record));
}

bool segment_writer::withdraw(std::uint64_t ticket) {
  return batcher_.withdraw(ticket);
}

void segment_writer::on_stored(std::uint64_t number, const wire::stored &answer, time_point now) {
  const std::optional<answered_store> about = take_answered(number);
  if (!about.has_value() || stopped_) {
    return;
  }
  replica &server = servers_[about->member];
  if (answer.segment != segment_.id) {
    on_failure(*about, make_error(code::malformed, "the answer is about another segment"), now);
  } else if (answer.refused.has_value()) {
    on_failure(*about, wire::to_error(*answer.refused), now);
  } else {
    server.on_stored(about->sent, answer.state.local_tail, now);
    spread_.on_answer(about->member);
    if (about->about != nullptr) {
      about->about->deliveries[about->member].state = delivery_state::stored;
    }
    commit_prefix(now);
  }
  pump(now);
}

void segment_writer::on_store_failed(std::uint64_t number, const error &why, time_point now) {
  const std::optional<answered_store> about = take_answered(number);
  if (!about.has_value() || stopped_) {
    return;
  }
  on_failure(*about, why, now);
  pump(now);
}

void segment_writer::on_link_up(const std::string &node, std::uint64_t limit_bytes, time_point now) {
  if (replica *server = find(node); server != nullptr && !stopped_) {
    const std::uint64_t before = server->lower_limit_bytes();
    server->on_link_up(limit_bytes);
    say_lower_limit(*server, before);
    release_at_ = std::min(release_at_, now + options_.release_after);
    pump(now);
  }
}

void segment_writer::on_link_down(const std::string &node, time_point now) {
  if (replica *server = find(node); server != nullptr && !stopped_) {
    server->on_link_down();
    pump(now);
  }
}

/// What it was told before may have been lost with the link.
void segment_writer::on_control_link_up(const std::string &node, time_point now) {
  if (replica *server = find(node); server != nullptr && !stopped_) {
    server->told_tail = wire::no_offset;
    release_at_ = std::min(release_at_, now + options_.release_after);
  }
}

void segment_writer::on_registered_limit(const std::string &node, std::uint64_t bytes, time_point now) {
  if (replica *server = find(node); server != nullptr && !stopped_) {
    const std::uint64_t before = server->lower_limit_bytes();
    server->on_registered_limit(bytes);
    say_lower_limit(*server, before);
    pump(now);
  }
}

void segment_writer::on_time(time_point now) {
  if (stopped_) {
    return;
  }
  hedge(now);
  pump(now);
  release(now);
}

time_point segment_writer::next_time(time_point now) const {
  time_point next = release_at_;
  if (stopped_ || batches_.empty()) {
    return stopped_ ? never : next;
  }
  for (std::size_t member = 0; member < servers_.size(); ++member) {
    const replica &server = servers_[member];
    if (server.usable() && server.linked() && server.resume_at() > now) {
      next = std::min(next, server.resume_at());
    }
    const delivery &oldest = batches_.front().deliveries[member];
    if (spread_.hedges() && oldest.state == delivery_state::in_flight) {
      next = std::min(next, oldest.hedge_at);
    }
  }
  return next;
}

std::vector<writer_action> segment_writer::take_actions() {
  return std::exchange(actions_, {});
}

// ---- sending --------------------------------------------------------------------------------------------------------

void segment_writer::pump(time_point now) {
  if (stopped_) {
    return;
  }
  choose_spread();
  review_waves();
  check_quorum_left();
  while (!stopped_ && may_cut()) {
    cut_batch();
  }
  for (std::size_t member = 0; !stopped_ && member < servers_.size(); ++member) {
    send_batches(member, now);
  }
}

/// Nothing waits while a batch may go; behind pipeline_batches of them small ones gather, which is what makes batches
/// grow under load. No offset is given while no write quorum can be reached: what has none can still be refused.
bool segment_writer::may_cut() const {
  if (batcher_.empty() || unavailable().has_value()) {
    return false;
  }
  const bool room = batches_.empty() || batches_bytes_ + batcher_.next_message_bytes() <= options_.pipeline_bytes;
  return room && (batches_.size() < options_.pipeline_batches || batcher_.has_full_batch());
}

void segment_writer::cut_batch() {
  const entry_origin origin{segment_.id, options_.generation, options_.wall_ms ? options_.wall_ms() : 0};
  batch made = make_batch(batcher_.cut(), tail_.next(), origin, servers_.size());
  OUTSIZE_CHECK(made.message_bytes <= segment_.limit_bytes, "Z4: a batch is cut by bytes");
  tail_.assign_to(made.end);
  batches_bytes_ += made.message_bytes;
  ++counters_.waves;
  batches_.push_back(std::move(made));
}

void segment_writer::send_batches(std::size_t member, time_point now) {
  replica &server = servers_[member];
  if (!spread_.contains(member) || batches_.empty()) {
    return;
  }
  server.next = std::max(server.next, batches_.front().first);
  auto from = std::lower_bound(batches_.begin(), batches_.end(), server.next,
                               [](const batch &one, offset_t sought) { return one.first < sought; });
  for (; from != batches_.end(); ++from) {
    if (from->deliveries[member].state == delivery_state::unsent) {
      if (!server.takes(from->message_bytes, now)) {
        return;
      }
      send_batch(member, *from, now);
    }
    server.next = from->end;
  }
}

void segment_writer::send_batch(std::size_t member, batch &what, time_point now) {
  replica &server = servers_[member];
  delivery &at = what.deliveries[member];
  begin_wave_if_over(what, counters_);
  const std::uint64_t number = ++last_number_;
  const time_point deadline = server.on_sent(number, what.first, what.message_bytes, what.wave, now);
  if (at.tries > 0) {
    counters_.bytes_resent[server.node()] += what.message_bytes;
  }
  ++counters_.stores_sent;
  ++at.tries;
  at.state = delivery_state::in_flight;
  at.hedge_at = now + (deadline - now) / 2;
  server.told_tail = tail_.global();

  send_store action;
  action.node = server.node();
  action.number = number;
  action.deadline = deadline;
  action.payload = what.payload;
  action.message.segment = segment_.id;
  action.message.generation = options_.generation;
  action.message.wave = what.wave;
  action.message.global_tail = tail_.global();
  action.message.trim_point = trim_point_;
  action.message.first = what.first;
  action.message.time_left_ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now).count());
  action.message.entry_headers = what.entry_headers;
  actions_.emplace_back(std::move(action));
}

void segment_writer::choose_spread() {
  std::vector<spread_candidate> candidates(servers_.size());
  std::transform(servers_.begin(), servers_.end(), candidates.begin(),
                 [](const replica &server) { return spread_candidate{server.usable(), server.healthy()}; });
  spread_.choose(candidates);
}

void segment_writer::hedge(time_point now) {
  if (!spread_.hedges() || batches_.empty()) {
    return;
  }
  for (std::size_t member = 0; member < servers_.size(); ++member) {
    delivery &at = batches_.front().deliveries[member];
    if (at.state == delivery_state::in_flight && at.hedge_at <= now) {
      at.hedge_at = never;
      spread_.on_slow(member);
    }
  }
}

// ---- answers --------------------------------------------------------------------------------------------------------

std::optional<segment_writer::answered_store> segment_writer::take_answered(std::uint64_t number) {
  for (std::size_t member = 0; member < servers_.size(); ++member) {
    if (const std::optional<outstanding_store> sent = servers_[member].take_outstanding(number)) {
      return answered_store{member, *sent, find_batch(sent->first)};
    }
  }
  return std::nullopt;
}

void segment_writer::on_failure(const answered_store &about, const error &why, time_point now) {
  replica &server = servers_[about.member];
  if (about.about != nullptr) {
    delivery &at = about.about->deliveries[about.member];
    at.state = delivery_state::unsent;
    at.last_failure = why.code;
    about.about->failed_in_wave = true;
    server.next = std::min(server.next, about.about->first);
  }
  server.told_tail = wire::no_offset;
  switch (next_after(why.code)) {
  case after_failure::resend_on_new_link:
    server.on_link_useless(about.sent, why);
    return;
  case after_failure::resend_after_pause:
    server.on_pause(why, options_.random ? options_.random() : 0, now);
    return;
  case after_failure::set_aside:
    if (why.code == code::too_large) {
      refused_limits_.push_back({limit_shown_by(why, about.sent.bytes), server.node()});
    }
    set_aside(about.member, why);
    return;
  case after_failure::seal:
    stop(need_seal{fmt::format("{} answered {}: {}", server.node(), name_of(why.code), why.text)});
    return;
  case after_failure::superseded:
    stop(lost_to_newer{fmt::format("{} answered {}: {}", server.node(), name_of(why.code), why.text)});
    return;
  }
}

void segment_writer::commit_prefix(time_point now) {
  while (!batches_.empty() && batches_.front().stored_count() >= segment_.replication) {
    batch &oldest = batches_.front();
    tail_.commit(oldest.first, oldest.end);
    batches_bytes_ -= oldest.message_bytes;
    actions_.emplace_back(records_committed{std::move(oldest.tickets), oldest.first});
    batches_.pop_front();
    release_at_ = now + options_.release_after;
  }
}

// ---- servers that cannot be used ------------------------------------------------------------------------------------

void segment_writer::set_aside(std::size_t member, const error &why) {
  replica &server = servers_[member];
  if (server.set_aside().has_value()) {
    return;
  }
  server.on_set_aside(why);
  say(OUTSIZE_LOG_ERROR,
      fmt::format("log server set aside: log={} segment={} node={} code={} actual_bytes={} limit_bytes={} why=\"{}\"",
                  segment_.log, segment_.id.index, server.node(), name_of(why.code), why.actual_bytes, why.limit_bytes,
                  why.text));
}

/// Z8: a server that came back with a lower limit is an alarm, and the end of the segment where the operator wants
/// that.
void segment_writer::say_lower_limit(const replica &server, std::uint64_t before) {
  const std::uint64_t lower = server.lower_limit_bytes();
  if (lower == before) {
    return;
  }
  if (lower == 0) {
    say(OUTSIZE_LOG_INFO, fmt::format("log server is used again: log={} segment={} node={}", segment_.log,
                                      segment_.id.index, server.node()));
    return;
  }
  say(OUTSIZE_LOG_ERROR, fmt::format("log server set aside: log={} segment={} node={} code=set_aside limit_bytes={} "
                                     "segment_limit_bytes={} why=\"its message-limit is below the segment's\"",
                                     segment_.log, segment_.id.index, server.node(), lower, segment_.limit_bytes));
  if (options_.lower_limit == on_lower_limit::seal) {
    stop(need_seal{fmt::format("{} has a message-limit of {} bytes, the segment's is {}", server.node(), lower,
                               segment_.limit_bytes)});
  }
}

void segment_writer::check_quorum_left() {
  const auto usable = std::count_if(servers_.begin(), servers_.end(), [](const replica &one) { return one.usable(); });
  if (static_cast<std::size_t>(usable) < segment_.replication) {
    stop(need_seal{fmt::format("{} of {} log servers are left, {} must hold each entry: {}", usable, servers_.size(),
                               segment_.replication, describe_deliveries(nullptr, servers_))});
  }
}

// ---- waves ----------------------------------------------------------------------------------------------------------

/// Is somebody about to be sent the batch without waiting for a pause or a link?
bool segment_writer::is_pending(const batch &what) const {
  for (std::size_t member = 0; member < servers_.size(); ++member) {
    if (spread_.contains(member) && what.deliveries[member].state == delivery_state::unsent &&
        what.deliveries[member].last_failure == code::ok && servers_[member].healthy()) {
      return true;
    }
  }
  return false;
}

/// Failed waves are counted for each batch and told for the oldest: the others wait for it anyway.
void segment_writer::review_waves() {
  for (batch &one : batches_) {
    if (!wave_has_failed(one, segment_.replication, is_pending(one))) {
      continue;
    }
    end_wave(one);
    const auto failed = std::find_if(one.deliveries.begin(), one.deliveries.end(), [](const delivery &at) {
      return at.state == delivery_state::unsent && at.last_failure != code::ok;
    });
    ++counters_
          .waves_retried[std::string(name_of(failed == one.deliveries.end() ? code::timed_out : failed->last_failure))];
    if (&one == &batches_.front()) {
      say(OUTSIZE_LOG_WARN, failed_wave_line(segment_.log, one, servers_, batches_.size() - 1));
    }
  }
}

// ---- the tail, told -------------------------------------------------------------------------------------------------

void segment_writer::release(time_point now) {
  if (now < release_at_) {
    return;
  }
  release_at_ = never;
  for (replica &server : servers_) {
    if (server.linked() && server.told_tail < tail_.global()) {
      server.told_tail = tail_.global();
      actions_.emplace_back(
          send_release{server.node(), wire::release{segment_.id, options_.generation, tail_.global()}});
    }
  }
}

// ---- looking --------------------------------------------------------------------------------------------------------

std::optional<std::string> segment_writer::unavailable() const {
  const auto reachable =
      std::count_if(servers_.begin(), servers_.end(), [](const replica &one) { return one.usable() && one.linked(); });
  if (static_cast<std::size_t>(reachable) >= segment_.replication) {
    return std::nullopt;
  }
  return fmt::format("{} of {} log servers can be reached, {} must hold each entry: {}", reachable, servers_.size(),
                     segment_.replication, describe_deliveries(nullptr, servers_));
}

std::string segment_writer::waits_for() const {
  if (!batches_.empty()) {
    const batch &oldest = batches_.front();
    return fmt::format("wave {} of offsets {}..{}: {}", oldest.wave, oldest.first, oldest.end - 1,
                       describe_deliveries(&oldest, servers_));
  }
  return batcher_.empty() ? std::string{} : unavailable().value_or("its turn");
}

std::vector<segment_writer::entry_in_doubt> segment_writer::uncommitted() const {
  std::vector<entry_in_doubt> made;
  for (const batch &one : batches_) {
    for (std::size_t i = 0; i < one.tickets.size(); ++i) {
      made.push_back({one.tickets[i], one.first + i, one.entry_headers[i]});
    }
  }
  return made;
}

std::vector<limit_and_owner> segment_writer::shown_limits() const {
  std::vector<limit_and_owner> made = refused_limits_;
  for (const replica &server : servers_) {
    if (server.lower_limit_bytes() != 0) {
      made.push_back({server.lower_limit_bytes(), server.node()});
    }
  }
  return made;
}

std::vector<node_in_segment> segment_writer::nodes() const {
  std::vector<node_in_segment> made;
  for (const replica &server : servers_) {
    node_in_segment one;
    one.node = server.node();
    one.reachable = server.linked();
    one.local_tail = server.local_tail();
    one.bytes_in_flight = server.outstanding_bytes();
    one.last_error = server.last_error();
    one.set_aside_limit_bytes = server.lower_limit_bytes();
    if (server.set_aside().has_value()) {
      one.set_aside = fmt::format("{}: {}", name_of(server.set_aside()->code), server.set_aside()->text);
      one.set_aside_limit_bytes = server.set_aside()->limit_bytes;
    } else if (one.set_aside_limit_bytes != 0) {
      one.set_aside = fmt::format("its message-limit of {} bytes is below the segment's of {}",
                                  one.set_aside_limit_bytes, segment_.limit_bytes);
    }
    made.push_back(std::move(one));
  }
  return made;
}

// ---- small things ---------------------------------------------------------------------------------------------------

replica *segment_writer::find(const std::string &node) {
  const auto found =
      std::find_if(servers_.begin(), servers_.end(), [&](const replica &one) { return one.node() == node; });
  return found == servers_.end() ? nullptr : &*found;
}

batch *segment_writer::find_batch(offset_t first) {
  const auto found = std::lower_bound(batches_.begin(), batches_.end(), first,
                                      [](const batch &one, offset_t sought) { return one.first < sought; });
  return found == batches_.end() || found->first != first ? nullptr : &*found;
}

void segment_writer::stop(writer_action why) {
  if (!stopped_) {
    stopped_ = true;
    actions_.push_back(std::move(why));
  }
}

void segment_writer::say(int level, std::string text) {
  actions_.emplace_back(log_line{level, std::move(text)});
}

} // namespace outsize::host
