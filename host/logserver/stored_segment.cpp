#include "host/logserver/stored_segment.hpp"

#include "host/logserver/duplicate_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// A global tail heard of without a store is written down when it has moved so far: after a restart the server then
/// serves all but the last few entries before it hears from anybody.
constexpr offset_t tail_step = 1024;

segment_row first_row() {
  segment_row row;
  row.local_tail = wire::first_offset;
  return row;
}

wire::refusal refusal_of(const error &why) {
  wire::refusal made = wire::to_refusal(why);
  made.at = wire::stage::storage;
  return made;
}

} // namespace

struct stored_segment::in_flight_commit {
  struct entry {
    offset_t offset = 0;
    entry_identity identity;
  };
  std::vector<entry> entries; ///< ascending
  std::uint64_t bytes = 0;
  segment_row row;
  std::vector<outcome_told> waiting;

  [[nodiscard]] const entry *find(offset_t offset) const {
    const auto at = std::lower_bound(entries.begin(), entries.end(), offset,
                                     [](const entry &each, offset_t value) { return each.offset < value; });
    return at != entries.end() && at->offset == offset ? &*at : nullptr;
  }
};

/// One store that was let in, until its answer is given.
struct stored_segment::store_operation {
  std::shared_ptr<const checked_store> store;
  answer_to<wire::stored> answer;
  std::uint64_t charged_bytes = 0;
  std::size_t parts_left = 1; ///< the one is carry_out itself
  std::optional<error> failed;
};

stored_segment::stored_segment(server_context &context, const segment_id &id)
    : stored_segment(context, id, first_row()) {
  blank_ = true;
}

stored_segment::stored_segment(server_context &context, const segment_id &id, segment_row row)
    : context_(context), accepted_(std::move(row)) {
  snapshot_.id = id;
  snapshot_.row = accepted_;
  snapshot_.accepted_tail = accepted_.local_tail;
  snapshot_.global_tail = accepted_.global_tail;
}

wire::server_state stored_segment::state() const {
  return {snapshot_.row.local_tail, snapshot_.global_tail, static_cast<std::uint8_t>(snapshot_.row.sealed ? 1 : 0),
          snapshot_.row.fence};
}

// ---- stores ---------------------------------------------------------------------------------------------------------

void stored_segment::on_store(checked_store store, answer_to<wire::stored> answer) {
  const auto refuse = [&](const error &why) { answer({snapshot_.id, state(), refusal_of(why)}); };
  if (const auto refused = refuses(store)) {
    refuse(*refused);
    return;
  }
  learn_from(store);
  auto placed = place(accepted_, store, [this](offset_t offset) { return in_flight_with(offset) != nullptr; });
  if (!placed) {
    refuse(placed.error());
    return;
  }
  if (const auto different = differs_in_flight(store, *placed)) {
    refuse(stop_at(*different));
    return;
  }
  carry_out(std::move(store), *std::move(placed), std::move(answer));
}

std::optional<error> stored_segment::refuses(const checked_store &store) const {
  const generation_t generation = store.message.generation;
  if (generation < accepted_.fence && !store.is_catch_up()) {
    return make_error(code::fenced, fmt::format("{}: generation {} is fenced, {} is the oldest taken",
                                                name_of(snapshot_.id), generation, accepted_.fence));
  }
  if (accepted_.sealed && !store.passes_a_seal()) {
    return make_error(code::sealed, fmt::format("{} is sealed", name_of(snapshot_.id)));
  }
  if (auto why = cannot_write()) {
    return why;
  }
  if (!context_.memory().has_room_for_store(store.bytes)) {
    error full = make_error(code::overloaded,
                            fmt::format("{} of {} bytes of the log server's memory budget are in use, a store of {} "
                                        "does not fit",
                                        context_.memory().bytes(), context_.memory().bytes_max(), store.bytes));
    full.actual_bytes = store.bytes;
    full.limit_bytes = context_.memory().bytes_max();
    return full;
  }
  return std::nullopt;
}

std::optional<error> stored_segment::cannot_write() const {
  if (snapshot_.stopped) {
    return make_error(code::offset_occupied,
                      fmt::format("{} is stopped on this server: an offset held another entry", name_of(snapshot_.id)));
  }
  return rolling_back_ ? std::optional(no_room()) : std::nullopt;
}

error stored_segment::no_room() const {
  return make_error(code::disk_full, fmt::format("{}: an earlier store did not fit the disk", name_of(snapshot_.id)));
}

void stored_segment::learn_from(const checked_store &store) {
  learn_tail(store.message.global_tail);
  if (store.message.trim_point < accepted_.global_tail) {
    trim_to(accepted_, store.message.trim_point);
  }
}

std::shared_ptr<stored_segment::in_flight_commit> stored_segment::in_flight_with(offset_t offset) const {
  const auto found = std::find_if(in_flight_.rbegin(), in_flight_.rend(),
                                  [&](const auto &each) { return each->find(offset) != nullptr; });
  return found == in_flight_.rend() ? nullptr : *found;
}

std::optional<offset_t> stored_segment::differs_in_flight(const checked_store &store, const placement &placed) const {
  for (const std::size_t at : placed.in_flight) {
    const checked_entry &entry = store.entries[at];
    if (in_flight_with(entry.offset)->find(entry.offset)->identity != entry.identity) {
      return entry.offset;
    }
  }
  return std::nullopt;
}

/// A store may be several things at once: entries to write, some that are being written, some that are held. It is
/// answered when the last of these is settled.
void stored_segment::carry_out(checked_store store, placement placed, answer_to<wire::stored> answer) {
  auto operation = std::make_shared<store_operation>();
  operation->charged_bytes = store.bytes;
  operation->answer = std::move(answer);
  if (!store.is_catch_up()) {
    placed.row.fence = std::max(placed.row.fence, store.message.generation);
  }
  operation->store = std::make_shared<const checked_store>(std::move(store));
  context_.memory().charge_store(operation->charged_bytes);
  write_fresh(operation, placed);
  wait_for_in_flight(operation, placed);
  compare_durable(operation, placed);
  end_part(*operation, {});
}

void stored_segment::write_fresh(const std::shared_ptr<store_operation> &operation, const placement &placed) {
  const bool raises_fence = placed.row.fence > accepted_.fence;
  if (placed.fresh.empty() && !raises_fence) {
    return;
  }
  ++operation->parts_left;
  submit(*operation->store, placed.fresh, placed.row,
         [this, operation](const result<void> &outcome) { end_part(*operation, outcome); });
}

void stored_segment::wait_for_in_flight(const std::shared_ptr<store_operation> &operation, const placement &placed) {
  if (placed.in_flight.empty()) {
    return;
  }
  // Commits become durable in order: the last one that holds any of the entries stands for all.
  const auto holds_one = [&](const auto &each) {
    return std::any_of(placed.in_flight.begin(), placed.in_flight.end(),
                       [&](std::size_t at) { return each->find(operation->store->entries[at].offset) != nullptr; });
  };
  const auto last = std::find_if(in_flight_.rbegin(), in_flight_.rend(), holds_one);
  ++operation->parts_left;
  (*last)->waiting.push_back([this, operation](const result<void> &outcome) { end_part(*operation, outcome); });
}

void stored_segment::compare_durable(const std::shared_ptr<store_operation> &operation, const placement &placed) {
  if (placed.durable.empty()) {
    return;
  }
  ++operation->parts_left;
  // Repair and catch-up count this copy: it has to be whole. A wave sent again only asks whether it is the same.
  compare_with_durable(context_, operation->store, placed.durable, operation->store->passes_a_seal(),
                       [this, operation](const result<comparison> &found) {
                         if (!found) {
                           end_part(*operation, found.error());
                         } else if (found->different) {
                           end_part(*operation, stop_at(*found->different));
                         } else {
                           mend(operation, found->damaged);
                         }
                       });
}

/// Lost and unreadable entries are written again from the copy that came.
void stored_segment::mend(const std::shared_ptr<store_operation> &operation, const std::vector<std::size_t> &damaged) {
  if (damaged.empty()) {
    end_part(*operation, {});
  } else if (const auto why = cannot_write()) {
    end_part(*operation, *why);
  } else {
    submit(*operation->store, damaged, accepted_,
           [this, operation](const result<void> &outcome) { end_part(*operation, outcome); });
  }
}

void stored_segment::end_part(store_operation &operation, const result<void> &outcome) {
  if (!outcome && !operation.failed) {
    operation.failed = outcome.error();
  }
  if (--operation.parts_left > 0) {
    return;
  }
  context_.memory().discharge_store(operation.charged_bytes);
  wire::stored answer{snapshot_.id, state(), std::nullopt};
  if (operation.failed) {
    answer.refused = refusal_of(*operation.failed);
  }
  operation.answer(std::move(answer));
}

// ---- seals and tails ------------------------------------------------------------------------------------------------

void stored_segment::on_seal(const wire::seal &message, answer_to<wire::sealed> answer) {
  const auto tell = [this, answer](const result<void> &outcome) {
    auto refused = outcome ? std::nullopt : std::optional(refusal_of(outcome.error()));
    answer({snapshot_.id, state(), std::move(refused)});
  };
  if (message.generation < accepted_.fence) {
    tell(make_error(code::fenced, fmt::format("{}: generation {} is fenced, {} is the oldest taken",
                                              name_of(snapshot_.id), message.generation, accepted_.fence)));
    return;
  }
  learn_tail(message.global_tail);
  if (accepted_.sealed && accepted_.fence == message.generation) {
    if (in_flight_.empty()) {
      tell({});
    } else {
      in_flight_.back()->waiting.push_back(tell);
    }
    return;
  }
  if (rolling_back_) {
    tell(no_room());
    return;
  }
  segment_row row = accepted_;
  row.sealed = true;
  row.fence = message.generation;
  submit_row(std::move(row), tell);
}

void stored_segment::on_release(const wire::release &message) {
  if (message.generation < accepted_.fence) {
    return;
  }
  learn_tail(message.global_tail);
  const bool far = accepted_.global_tail >= snapshot_.row.global_tail + tail_step;
  if (far && in_flight_.empty() && !rolling_back_ && !blank_) {
    submit_row(accepted_, [](const result<void> &) {}); // nobody waits for it, and the next commit carries it as well
  }
}

void stored_segment::learn_tail(offset_t global_tail) {
  accepted_.global_tail = std::max(accepted_.global_tail, global_tail);
  snapshot_.global_tail = accepted_.global_tail;
}

void stored_segment::set_base(offset_t base) {
  base_ = std::max(base_, base);
  start_at(accepted_, base_);
  start_at(snapshot_.row, base_);
  snapshot_.accepted_tail = accepted_.local_tail;
}

// ---- commits --------------------------------------------------------------------------------------------------------

void stored_segment::submit(const checked_store &from, const std::vector<std::size_t> &indices, segment_row row,
                            outcome_told then) {
  auto next = std::make_shared<in_flight_commit>();
  commit what{snapshot_.id, {}, row};
  what.entries.reserve(indices.size());
  next->entries.reserve(indices.size());
  for (const std::size_t at : indices) {
    const checked_entry &entry = from.entries[at];
    what.entries.push_back(entry.to_write());
    next->entries.push_back({entry.offset, entry.identity});
    next->bytes += entry.bytes();
  }
  next->row = std::move(row);
  next->waiting.push_back(std::move(then));
  submit(std::move(what), std::move(next));
}

void stored_segment::submit_row(segment_row row, outcome_told then) {
  auto next = std::make_shared<in_flight_commit>();
  next->row = row;
  next->waiting.push_back(std::move(then));
  submit({snapshot_.id, {}, std::move(row)}, std::move(next));
}

void stored_segment::submit(commit what, std::shared_ptr<in_flight_commit> next) {
  blank_ = false;
  accepted_ = next->row;
  snapshot_.accepted_tail = accepted_.local_tail;
  in_flight_.push_back(next);
  context_.store().submit(std::move(what), [this, next, alive = context_.alive()](const result<void> &outcome) {
    if (!alive.expired() && !context_.stopped()) {
      on_committed(next, outcome);
    }
  });
}

void stored_segment::on_committed(const std::shared_ptr<in_flight_commit> &done, const result<void> &outcome) {
  const bool refused = !outcome && outcome.error().code == code::disk_full;
  if (!outcome && !refused) {
    context_.fail_stop(outcome.error());
    return;
  }
  if (in_flight_.front() != done || (outcome && rolling_back_)) {
    context_.fail_stop(make_error(code::internal, "the store answered commits in another order than they were given"));
    return;
  }
  in_flight_.pop_front();
  if (outcome) {
    note_durable(*done);
  } else {
    rolling_back_ = true;
  }
  if (rolling_back_ && in_flight_.empty()) {
    roll_back();
  }
  for (const outcome_told &told : done->waiting) {
    told(outcome);
  }
}

void stored_segment::note_durable(const in_flight_commit &done) {
  snapshot_.row = done.row;
  start_at(snapshot_.row, base_);
  snapshot_.entries_stored += done.entries.size();
  snapshot_.bytes_stored += done.bytes;
}

void stored_segment::roll_back() {
  rolling_back_ = false;
  accepted_ = snapshot_.row;
  snapshot_.accepted_tail = accepted_.local_tail;
  learn_tail(snapshot_.global_tail);
}

error stored_segment::stop_at(offset_t offset) {
  const error why = make_error(code::offset_occupied,
                               fmt::format("offset {} of {} holds another entry", offset, name_of(snapshot_.id)));
  if (!std::exchange(snapshot_.stopped, true)) {
    context_.segment_stopped(snapshot_.id, why);
  }
  return why;
}

} // namespace outsize::host
