#include "host/logserver/catch_up.hpp"

#include "host/logserver/store_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// More damaged entries of one segment than this are found again when they are read again.
constexpr std::size_t damaged_max = 4096;
/// How often a segment without anything to do is looked at again.
constexpr duration look_every = std::chrono::milliseconds(500);

/// What a row lacks below `target`, lowest first.
std::vector<offset_range> missing_of(const segment_row &row, offset_t base, offset_t target) {
  std::vector<offset_range> missing;
  const auto add = [&](offset_t from, offset_t to) {
    const offset_range range{std::max({from, base, row.trim_point + 1}), std::min(to, target)};
    if (range.from < range.to) {
      missing.push_back(range);
    }
  };
  for (const offset_range &hole : row.holes) {
    add(hole.from, hole.to);
  }
  add(row.local_tail, target);
  return missing;
}

} // namespace

struct catch_up::wanted_segment {
  catch_up_goal goal;
  std::set<offset_t> damaged;
  std::size_t member = 0;     ///< whom to ask next
  std::size_t in_vain = 0;    ///< members asked without success since the last one
  duration pause{};           ///< the last one; 0 while it goes well
  duration patience{};        ///< with the next answer; 0 while they come in time
  time_point not_before{};    ///< the end of a pause
  offset_t behind_target = 0; ///< the tail that is waited for with patience; 0 = not behind
  time_point behind_since{};
  std::uint64_t entries_fetched = 0;
  std::string last_error;

  [[nodiscard]] offset_t target(const segment_snapshot *known) const {
    return std::max(goal.target, known == nullptr ? 0 : known->global_tail);
  }
};

/// One question, until what it brought is stored.
struct catch_up::request {
  segment_id segment;
  std::string member;
  offset_range range;
  offset_t target = 0;
  std::size_t stores_left = 0;
  std::uint64_t entries = 0;
  std::optional<error> refused; ///< by our own log server
};

catch_up::catch_up(log_server &server, fetch_from fetch, catch_up_options options)
    : server_(server), fetch_(std::move(fetch)), options_(std::move(options)) {}

catch_up::~catch_up() = default;

void catch_up::want(const catch_up_goal &goal) {
  server_.set_base(goal.segment, goal.base);
  wanted_segment &wanted = wanted_[goal.segment];
  const offset_t target = std::max(goal.target, wanted.goal.target);
  wanted.goal = goal;
  wanted.goal.target = target;
  look_soon();
}

void catch_up::forget(const segment_id &segment) {
  wanted_.erase(segment);
}

void catch_up::on_damaged(const segment_id &segment, offset_t offset) {
  const auto wanted = wanted_.find(segment);
  if (wanted != wanted_.end() && wanted->second.damaged.size() < damaged_max) {
    wanted->second.damaged.insert(offset);
    look_soon();
  }
}

void catch_up::on_time(time_point now) {
  now_ = std::max(now_, now);
  if (asking_ || server_.stopped()) {
    return;
  }
  look_at_ = now_ + look_every;
  for (std::size_t turn = 0; turn < wanted_.size() && !asking_; ++turn) {
    if (wanted_segment *wanted = take_turn(now_)) {
      if (const auto range = next_range(*wanted, now_)) {
        ask(*wanted, *range);
      }
    }
  }
}

time_point catch_up::next_time() const {
  return asking_ || server_.stopped() || wanted_.empty() ? never : look_at_;
}

/// The segment after the last one that had its turn; null when it has nobody to ask, pauses or is stopped.
catch_up::wanted_segment *catch_up::take_turn(time_point now) {
  auto next = wanted_.upper_bound(last_turn_);
  next = next == wanted_.end() ? wanted_.begin() : next;
  last_turn_ = next->first;
  wanted_segment &wanted = next->second;
  if (now < wanted.not_before) {
    look_at_ = std::min(look_at_, wanted.not_before);
    return nullptr;
  }
  const auto *known = server_.find(next->first);
  return wanted.goal.members.empty() || (known != nullptr && known->stopped) ? nullptr : &wanted;
}

/// Damaged entries first: they were acknowledged. Then holes, then a tail that does not move by itself.
std::optional<offset_range> catch_up::next_range(wanted_segment &wanted, time_point now) const {
  const auto *known = server_.find(wanted.goal.segment);
  const offset_t target = wanted.target(known);
  if (known != nullptr) { // what was trimmed meanwhile is nowhere to be had
    wanted.damaged.erase(wanted.damaged.begin(), wanted.damaged.upper_bound(known->row.trim_point));
  }
  if (!wanted.damaged.empty() && *wanted.damaged.begin() < target) {
    return offset_range{*wanted.damaged.begin(), *wanted.damaged.begin() + 1};
  }
  segment_row row = known == nullptr ? segment_row{} : known->row;
  row.local_tail = std::max(row.local_tail, wanted.goal.base);
  const auto missing = missing_of(row, wanted.goal.base, target);
  if (missing.empty() || missing.front().from < row.local_tail) {
    wanted.behind_target = 0;
    return missing.empty() ? std::nullopt : std::optional(missing.front());
  }
  const offset_t accepted = known == nullptr ? row.local_tail : known->accepted_tail;
  if (accepted >= wanted.behind_target) {
    wanted.behind_target = target;
    wanted.behind_since = now;
  }
  return now < wanted.behind_since + options_.tail_patience ? std::nullopt : std::optional(missing.front());
}

void catch_up::ask(wanted_segment &wanted, const offset_range &range) {
  auto asked = std::make_shared<request>();
  asked->segment = wanted.goal.segment;
  asked->member = wanted.goal.members[wanted.member % wanted.goal.members.size()];
  asked->range = range;
  asked->target = wanted.target(server_.find(asked->segment));
  wire::fetch message;
  message.segment = asked->segment;
  message.from = range.from;
  message.to = range.to;
  message.count_max = options_.count_max;
  message.bytes_max = options_.bytes_max;
  message.global_tail = asked->target;
  asking_ = true;
  fetch_(asked->member, std::move(message), std::max(wanted.patience, options_.patience_min),
         [this, asked, alive = std::weak_ptr(alive_)](const result<wire::fetched> &answer, const rope &payload) {
           if (!alive.expired()) {
             on_answer(asked, answer, payload);
           }
         });
}

void catch_up::on_answer(const std::shared_ptr<request> &asked, const result<wire::fetched> &answer,
                         const rope &payload) {
  if (!answer) {
    fail(*asked, answer.error(), true);
    return;
  }
  auto runs = runs_of(*answer, payload, asked->range);
  if (!runs) {
    fail(*asked, runs.error(), true);
    return;
  }
  if (runs->empty()) {
    fail(*asked,
         make_error(code::not_found, fmt::format("it has nothing of [{}, {})", asked->range.from, asked->range.to)),
         true);
    return;
  }
  asked->stores_left = runs->size();
  for (fetched_run &run : *runs) {
    store(asked, std::move(run));
  }
}

void catch_up::store(const std::shared_ptr<request> &asked, fetched_run run) {
  asked->entries += run.message.entry_headers.size();
  run.message.segment = asked->segment;
  run.message.flags = wire::store_is_catch_up;
  run.message.global_tail = asked->target;
  server_.on_store(std::move(run.message), std::move(run.payload), now_,
                   [this, asked, alive = std::weak_ptr(alive_)](const wire::stored &answer) {
                     if (!alive.expired()) {
                       on_stored(asked, answer);
                     }
                   });
}

void catch_up::on_stored(const std::shared_ptr<request> &asked, const wire::stored &answer) {
  if (answer.refused && !asked->refused) {
    asked->refused = wire::to_error(*answer.refused);
  }
  if (--asked->stores_left > 0) {
    return;
  }
  if (!asked->refused) {
    succeed(*asked);
    return;
  }
  // Bytes that are wrong are the member's fault; everything else would go the same way with another member's copy.
  const bool wrong = asked->refused->code == code::malformed || asked->refused->code == code::checksum_mismatch;
  fail(*asked, *asked->refused, wrong);
}

void catch_up::succeed(const request &asked) {
  asking_ = false;
  look_soon();
  const auto found = wanted_.find(asked.segment);
  if (found == wanted_.end()) {
    return;
  }
  wanted_segment &wanted = found->second;
  wanted.damaged.erase(asked.range.from);
  wanted.in_vain = 0;
  wanted.pause = {};
  wanted.patience = {};
  wanted.entries_fetched += asked.entries;
  wanted.last_error.clear();
}

void catch_up::fail(const request &asked, const error &why, bool ask_others) {
  asking_ = false;
  look_soon();
  const auto found = wanted_.find(asked.segment);
  if (found == wanted_.end()) {
    return;
  }
  wanted_segment &wanted = found->second;
  wanted.last_error = fmt::format("{}: {}: {}", asked.member, name_of(why.code), why.text);
  if (why.code == code::timed_out) {
    wanted.patience = std::min(2 * std::max(wanted.patience, options_.patience_min), options_.patience_max);
  }
  if (ask_others) {
    ++wanted.member;
    if (++wanted.in_vain < wanted.goal.members.size()) {
      return;
    }
  }
  wanted.in_vain = 0;
  wanted.pause = std::clamp(2 * wanted.pause, options_.pause_min, options_.pause_max);
  const auto quarter = static_cast<std::uint64_t>(wanted.pause.count()) / 4 + 1;
  const std::uint64_t jitter = options_.random ? options_.random() % quarter : 0;
  wanted.not_before = now_ + wanted.pause + duration(static_cast<duration::rep>(jitter));
}

std::vector<catch_up_status> catch_up::status() const {
  std::vector<catch_up_status> all;
  for (const auto &[segment, wanted] : wanted_) {
    const auto *known = server_.find(segment);
    catch_up_status one{segment,          wanted.target(known), 0, wanted.damaged.size(), wanted.entries_fetched,
                        wanted.last_error};
    segment_row row = known == nullptr ? segment_row{} : known->row;
    row.local_tail = std::max(row.local_tail, wanted.goal.base);
    for (const offset_range &missing : missing_of(row, wanted.goal.base, one.target)) {
      one.offsets_missing += missing.to - missing.from;
    }
    all.push_back(std::move(one));
  }
  return all;
}

} // namespace outsize::host
