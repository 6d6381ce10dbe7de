#include "host/node/append_service.hpp"

#include "host/admission/relay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace outsize::host {

namespace {

/// How long an append without a deadline of its own may take here.
constexpr auto append_time_max = std::chrono::minutes(10);

/// Payload bytes that the records of an append claim; nothing when the sum does not fit 64 bits.
std::optional<std::uint64_t> claimed_bytes(const wire::append &message) {
  std::uint64_t sum = 0;
  for (const wire::record_item &item : message.records) {
    const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - sum;
    if (item.payload_bytes > room - std::min<std::uint64_t>(room, item.record_header_bytes)) {
      return std::nullopt;
    }
    sum += item.record_header_bytes + item.payload_bytes;
  }
  return sum;
}

error wrong_sizes(const wire::append &message, std::uint64_t payload_bytes) {
  return size_error(code::malformed,
                    fmt::format("append to log {}: the records do not add up to the {} payload bytes that came",
                                message.log, payload_bytes),
                    payload_bytes, claimed_bytes(message).value_or(0));
}

} // namespace

error unreachable_sequencer(const std::string &node, const std::string &log) {
  return make_error(code::sequencer_unreachable,
                    fmt::format("node {}, which holds the sequencer of log {}, cannot be reached", node, log));
}

error passed_on_twice(const std::string &log, const std::string &sequencer_node, const std::string &here) {
  return make_error(code::not_sequencer,
                    fmt::format("the sequencer of log {} is on node {}, not on {}", log, sequencer_node, here));
}

time_point append_service::deadline_of(std::uint64_t time_left_ms) const {
  const auto most = static_cast<std::uint64_t>(std::chrono::milliseconds(append_time_max).count());
  return node_.now + std::chrono::milliseconds(time_left_ms == 0 ? most : std::min(time_left_ms, most));
}

result<const log_record *> append_service::find_log(const std::string &name) const {
  if (node_.view().revision == 0) {
    return make_error(code::metadata_unavailable, fmt::format("node {} has not heard from metadata node {} yet",
                                                              node_.options.name, node_.options.metadata_node));
  }
  const versioned<log_record> *found = node_.view().log(name);
  if (found == nullptr) {
    return unknown_log_error(name);
  }
  return &found->record;
}

std::optional<wire::refusal> append_service::refuses(const log_record &log, const record_facts &record) const {
  if (const log_sequencer *sequencer = logs_.find(log.name); sequencer != nullptr) {
    return sequencer->refuses(record);
  }
  return refuses_to_relay(record, {log.name, node_.options.name, log.sequencer, assembly_bytes_max_of(node_.options)});
}

wire::large_decision append_service::on_large(const wire::large_offer &offer) const {
  const result<wire::append> message = wire::decode<wire::append>(offer.header);
  if (!message) {
    return wire::large_decision::refused(message.error());
  }
  if (claimed_bytes(message.value()) != offer.payload_bytes) {
    return wire::large_decision::refused(wrong_sizes(message.value(), offer.payload_bytes));
  }
  const result<const log_record *> log = find_log(message->log);
  if (!log) {
    return wire::large_decision::refused(log.error());
  }
  if (message->records.size() != 1) {
    return wire::large_decision::taken();
  }
  record_facts record;
  record.record_header_bytes = message->records.front().record_header_bytes;
  record.payload_bytes = message->records.front().payload_bytes;
  std::optional<wire::refusal> no = refuses(*log.value(), record);
  if (!no.has_value()) {
    return wire::large_decision::taken();
  }
  wire::appended all;
  all.results.resize(1);
  all.results.front().policy_trace = no->policy_trace;
  all.results.front().refused = std::move(no);
  answer(node_, {offer.link.id, offer.number}, all);
  return wire::large_decision::answered();
}

void append_service::refuse(const asker &to, const std::string &log, std::size_t records, const error &why) const {
  wire::appended all;
  all.results.resize(records);
  for (std::size_t i = 0; i < all.results.size(); ++i) {
    wire::refusal refused = wire::to_refusal(why);
    refused.at = wire::stage::admission;
    refused.log = log;
    refused.record_index = static_cast<std::uint32_t>(i);
    all.results[i].refused = std::move(refused);
  }
  answer(node_, to, all);
}

void append_service::on_append(wire::incoming &&request) {
  const asker to = asker_of(request);
  result<wire::append> message = wire::decode<wire::append>(request.header);
  if (!message) {
    answer_error(node_, to, message.error());
    return;
  }
  if (claimed_bytes(message.value()) != request.payload.size()) {
    answer_error(node_, to, wrong_sizes(message.value(), request.payload.size()));
    return;
  }
  if (draining_) {
    refuse(to, message->log, message->records.size(),
           make_error(code::shutting_down, fmt::format("node {} is shutting down", node_.options.name)));
    return;
  }
  const result<const log_record *> log = find_log(message->log);
  if (!log) {
    refuse(to, message->log, message->records.size(), log.error());
    return;
  }
  const std::string &sequencer_node = log.value()->sequencer;
  if (sequencer_node != node_.options.name) {
    relay(sequencer_node, std::move(message).value(), std::move(request.payload), to);
    return;
  }
  log_sequencer *sequencer = logs_.find(message->log);
  if (sequencer == nullptr) {
    refuse(to, message->log, message->records.size(),
           make_error(code::log_recovering, fmt::format("log {}: its sequencer is starting", message->log)));
    return;
  }
  append_here(*sequencer, std::move(message).value(), request.payload, to);
}

void append_service::append_here(log_sequencer &sequencer, wire::append message, const rope &payload, const asker &to) {
  std::vector<append_item> items;
  items.reserve(message.records.size());
  std::uint64_t at = 0;
  for (const wire::record_item &item : message.records) {
    const std::uint64_t bytes = item.record_header_bytes + item.payload_bytes;
    items.push_back({item, payload.slice(at, bytes)});
    at += bytes;
  }
  ++in_flight_;
  sequencer.append(std::move(items), to.link, deadline_of(message.time_left_ms), node_.now,
                   [this, to](std::vector<wire::append_result> results) {
                     --in_flight_;
                     answer(node_, to, wire::appended{std::move(results)});
                   });
}

void append_service::relay(const std::string &sequencer_node, wire::append message, rope payload, const asker &to) {
  const std::size_t records = message.records.size();
  if (message.relayed != 0) {
    refuse(to, message.log, records, passed_on_twice(message.log, sequencer_node, node_.options.name));
    return;
  }
  if (node_.links->store_link_limit(sequencer_node) == 0) {
    refuse(to, message.log, records, unreachable_sequencer(sequencer_node, message.log));
    return;
  }
  message.relayed = 1;
  const time_point deadline = deadline_of(message.time_left_ms);
  ++in_flight_;
  node_.links->append(
      sequencer_node, message, std::move(payload), deadline,
      [this, to, log = message.log, records, sequencer_node](result<wire::appended> outcome, const rope &) {
        --in_flight_;
        if (outcome) {
          answer(node_, to, outcome.value());
          return;
        }
        error why = std::move(outcome).error();
        if (why.code == code::link_down || why.code == code::timed_out) {
          why =
              make_error(code::outcome_unknown, fmt::format("the answer of node {} to an append to log {} was lost: {}",
                                                            sequencer_node, log, why.text));
        }
        refuse(to, log, records, why);
      });
}

void append_service::on_find_tail(const wire::incoming &request) {
  const asker to = asker_of(request);
  const result<wire::find_tail> message = wire::decode<wire::find_tail>(request.header);
  if (!message) {
    answer_error(node_, to, message.error());
    return;
  }
  if (message->relayed != 0 && logs_.find(message->log) == nullptr) {
    answer_error(node_, to,
                 make_error(code::log_recovering, fmt::format("log {}: its sequencer is not running on node {}",
                                                              message->log, node_.options.name)));
    return;
  }
  find_tail(message->log, node_.now + node_.options.request_timeout, [this, to](const result<wire::tail> &outcome) {
    if (outcome) {
      answer(node_, to, outcome.value());
    } else {
      answer_error(node_, to, outcome.error());
    }
  });
}

void append_service::find_tail(const std::string &log, time_point deadline,
                               std::function<void(result<wire::tail>)> then) {
  const result<const log_record *> found = find_log(log);
  if (!found) {
    then(found.error());
    return;
  }
  if (log_sequencer *sequencer = logs_.find(log); sequencer != nullptr) {
    then(sequencer->find_tail());
    return;
  }
  const std::string node = found.value()->sequencer;
  if (node == node_.options.name) {
    then(make_error(code::log_recovering, fmt::format("log {}: its sequencer is starting", log)));
    return;
  }
  node_.links->find_tail(node, {log, 1}, deadline,
                         [node, log, then = std::move(then)](result<wire::tail> outcome, const rope &) {
                           if (!outcome && outcome.error().code == code::link_down) {
                             then(unreachable_sequencer(node, log));
                             return;
                           }
                           then(std::move(outcome));
                         });
}

} // namespace outsize::host
