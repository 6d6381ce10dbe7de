#include "host/logserver/log_server.hpp"

#include "host/logserver/context.hpp"
#include "host/logserver/segment_reader.hpp"
#include "host/logserver/set_reader.hpp"
#include "host/logserver/store_check.hpp"
#include "host/logserver/stored_segment.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace outsize::host {

namespace {
/// Segments of which nothing is stored here yet and only the tail is known. A peer may name any; more than these are
/// heard of with the first store.
constexpr std::ptrdiff_t unwritten_segments_max = 4096;
} // namespace

struct log_server::state {
  state(storage &store, log_server_options options) : context(store, std::move(options)) {}

  [[nodiscard]] stored_segment *find(const segment_id &id) {
    const auto found = segments.find(id);
    return found == segments.end() ? nullptr : found->second.get();
  }
  stored_segment &find_or_make(const segment_id &id) {
    auto &found = segments[id];
    if (found == nullptr) {
      found = std::make_unique<stored_segment>(context, id);
    }
    return *found;
  }
  /// What a request did not change need not be remembered.
  void forget_if_blank(const segment_id &id) {
    if (const auto *segment = find(id); segment != nullptr && segment->is_blank()) {
      segments.erase(id);
    }
  }

  [[nodiscard]] bool may_remember(const segment_id &id) const {
    const auto unwritten = [](const auto &held) { return held.second->is_unwritten(); };
    return segments.contains(id) || std::count_if(segments.begin(), segments.end(), unwritten) < unwritten_segments_max;
  }

  server_context context;
  std::map<segment_id, std::unique_ptr<stored_segment>> segments;
};

log_server::log_server(storage &store, std::vector<std::pair<segment_id, segment_row>> known,
                       log_server_options options)
    : state_(std::make_unique<state>(store, std::move(options))) {
  for (auto &[id, row] : known) {
    state_->segments[id] = std::make_unique<stored_segment>(state_->context, id, std::move(row));
  }
}

log_server::~log_server() = default;

void log_server::on_store(wire::store message, rope payload, time_point, answer_to<wire::stored> answer) {
  if (stopped()) {
    return;
  }
  const segment_id id = message.segment;
  auto checked = check_store(std::move(message), payload);
  if (!checked) {
    const auto *known = state_->find(id);
    auto refused = wire::to_refusal(checked.error());
    refused.at = wire::stage::storage;
    answer({id, known == nullptr ? stored_segment(state_->context, id).state() : known->state(), std::move(refused)});
    return;
  }
  state_->find_or_make(id).on_store(*std::move(checked), std::move(answer));
  state_->forget_if_blank(id);
}

void log_server::on_seal(const wire::seal &message, answer_to<wire::sealed> answer) {
  if (stopped()) {
    return;
  }
  state_->find_or_make(message.segment).on_seal(message, std::move(answer));
  state_->forget_if_blank(message.segment);
}

void log_server::on_fetch(const wire::fetch &message, fallible_answer_to<wire::fetched> answer) {
  if (stopped()) {
    return;
  }
  if (auto *segment = state_->find(message.segment)) {
    segment->learn_tail(message.global_tail);
    fetch_entries(state_->context, *segment, message, std::move(answer));
    return;
  }
  wire::fetched nothing{message.segment, stored_segment(state_->context, message.segment).state(), {}, {}, {}};
  nothing.next = std::max(message.from, std::min(message.to, message.global_tail));
  answer(std::move(nothing), {});
}

void log_server::on_fetch_set(const wire::fetch_set &message, fallible_answer_to<wire::set_fetched> answer) {
  if (stopped()) {
    return;
  }
  if (auto *segment = state_->find(message.segment)) {
    segment->learn_tail(message.global_tail);
    fetch_fragments(state_->context, *segment, message, std::move(answer));
    return;
  }
  wire::set_fetched nothing{message.segment, stored_segment(state_->context, message.segment).state(), {}, {}, {}};
  nothing.next = std::max(message.from, message.to);
  answer(std::move(nothing), {});
}

void log_server::on_list_entries(const wire::list_entries &message, fallible_answer_to<wire::entries> answer) {
  if (stopped()) {
    return;
  }
  if (const auto *segment = state_->find(message.segment)) {
    list_entry_headers(state_->context, *segment, message, std::move(answer));
    return;
  }
  answer(wire::entries{message.segment, stored_segment(state_->context, message.segment).state(), {}, message.from},
         {});
}

wire::segment_state log_server::on_describe(const wire::describe_segment &message) const {
  const auto *segment = state_->find(message.segment);
  return {message.segment,
          segment == nullptr ? stored_segment(state_->context, message.segment).state() : segment->state()};
}

/// Also of a segment never heard of: all its entries so far may have been stored while this server was away.
void log_server::on_release(const wire::release &message) {
  // Also about a segment unheard of: a server that missed all of it learns so by its tail, and catches up.
  if (!stopped() && message.segment.log != 0 && state_->may_remember(message.segment)) {
    state_->find_or_make(message.segment).on_release(message);
  }
}

void log_server::set_base(const segment_id &segment, offset_t base) {
  if (base > wire::first_offset) {
    state_->find_or_make(segment).set_base(base);
  }
}

std::vector<segment_snapshot> log_server::segments() const {
  std::vector<segment_snapshot> all;
  for (const auto &[id, segment] : state_->segments) {
    all.push_back(segment->snapshot());
  }
  return all;
}

const segment_snapshot *log_server::find(const segment_id &segment) const {
  const auto *found = state_->find(segment);
  return found == nullptr ? nullptr : &found->snapshot();
}

bool log_server::stopped() const {
  return state_->context.stopped();
}

std::uint64_t log_server::times_damaged() const {
  return state_->context.times_damaged();
}

std::uint64_t log_server::memory_bytes() const {
  return state_->context.memory().bytes();
}

} // namespace outsize::host
