#include "host/segment/read_stream.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace outsize::host {

namespace {

/// Entries of one fetch that can be trusted: consecutive from the offset asked for, intact, below `end`.
struct intact_run {
  wire::records found;
  rope payload;
  offset_t next = 0; ///< first offset not covered
};

bool is_record(wire::entry_kind kind) {
  return kind == wire::entry_kind::data;
}

/// Takes the leading entries of `answer`; stops at the first that is missing, damaged or of another segment.
intact_run take_run(const wire::fetched &answer, const rope &payload, const segment_id &segment, offset_t from,
                    offset_t end, std::string &complaint) {
  intact_run run;
  run.next = from;
  std::uint64_t at = 0;
  for (const buffer &raw : answer.entry_headers) {
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header) {
      complaint = header.error().text;
      break;
    }
    const std::uint64_t bytes = header->record_header_bytes + header->payload_bytes;
    if (bytes > payload.size() - at) {
      complaint = "fewer bytes than its headers say";
      break;
    }
    rope body = payload.slice(at, bytes);
    at += bytes;
    if (header->segment != segment || header->offset != run.next || header->offset >= end) {
      complaint = header->offset == run.next ? "" : fmt::format("offset {} is not there", run.next);
      break;
    }
    if (const result<void> intact = wire::verify_entry(header.value(), body); !intact) {
      complaint = fmt::format("offset {}: {}", header->offset, intact.error().text);
      break;
    }
    if (is_record(header->kind)) {
      run.found.entry_headers.push_back(raw);
      run.payload.append(body);
    }
    ++run.next;
  }
  return run;
}

} // namespace

struct read_stream::state : std::enable_shared_from_this<read_stream::state> {
  explicit state(environment where) : around(std::move(where)) {}
  ~state() { give_room(); }

  environment around;
  wire::read question;
  tail_in_segment tail;
  time_point deadline{};
  time_point wait_until{};
  answered then;

  bool done = false;
  bool asking = false;
  bool recovering = false; ///< the sequencer said so when last asked
  bool behind = false;     ///< the end of the segment being read is not known here yet
  time_point ask_tail_at = never;
  time_point ask_room_at = never;
  std::uint64_t room = 0;              ///< bytes taken for what is fetched
  std::vector<std::string> candidates; ///< members not yet asked for the present offset
  std::vector<std::string> complaints;
  bool all_answered = true;       ///< every member asked so far answered: nothing is merely out of reach
  bool any_took_too_long = false; ///< one of them might answer when it is given more time
  std::uint32_t slow_rounds = 0;  ///< how often all were asked at the present offset, and one took too long

  [[nodiscard]] time_point now() const { return around.now(); }

  void finish(result<wire::records> answer, rope payload) {
    done = true;
    const answered call = std::exchange(then, nullptr);
    call(std::move(answer), std::move(payload));
    give_room(); // the answer waits for its reader now, or it is gone
  }
  void give_room() {
    if (room > 0) {
      around.give_room(std::exchange(room, 0));
    }
  }
  void fail(error why) { finish(std::move(why), {}); }

  const log_record *log() const {
    const versioned<log_record> *found = around.view().log(question.log);
    return found == nullptr ? nullptr : &found->record;
  }

  void step();
  void on_reading(const log_record &log);
  [[nodiscard]] std::optional<offset_t> committed_end(const segment_record &segment) const;
  void at_tail(const log_record &log);
  void ask_tail();
  void on_tail(const result<tail_in_segment> &answer);
  void begin_fetch(const log_record &log, const segment_record &segment, offset_t committed);
  [[nodiscard]] duration fetch_timeout() const;
  void fetch_from_next();
  [[nodiscard]] bool take_room();
  [[nodiscard]] std::uint64_t answer_bytes_max() const;
  void on_fetched(const std::string &node, const segment_id &segment, offset_t end, result<wire::fetched> answer,
                  const rope &payload);
  void answer_empty(const log_record &log);

  segment_id fetching;
  offset_t fetch_end = 0;
  offset_t fetch_tail = 0; ///< what is committed of that segment
};

void read_stream::state::step() {
  if (done || asking) {
    return;
  }
  ask_room_at = never; // whoever still wants room says so again
  if (now() >= deadline) {
    fail(make_error(code::timed_out, fmt::format("log {}: offset {} could not be read in time; {}", question.log,
                                                 question.from, fmt::join(complaints, "; "))));
    return;
  }
  if (around.view().revision == 0) {
    fail(make_error(code::metadata_unavailable, "this node has not heard from the metadata node yet"));
    return;
  }
  const log_record *found = log();
  if (found == nullptr) {
    fail(unknown_log_error(question.log));
    return;
  }
  on_reading(*found);
}

void read_stream::state::on_reading(const log_record &log) {
  behind = false;
  question.from = std::max({question.from, wire::first_offset, log.trim_point + 1});
  if (question.from > question.to) {
    answer_empty(log);
    return;
  }
  const segment_record *segment = log.find(question.from);
  // Everything below the end of a closed segment is committed; whatever the tail was, it is above that.
  for (const segment_record &link : log.chain) {
    tail = std::max(tail, {link.index, link.end.value_or(0)});
  }
  if (segment == nullptr || question.from >= tail.offset) {
    at_tail(log);
  } else if (const std::optional<offset_t> committed = committed_end(*segment)) {
    begin_fetch(log, *segment, *committed);
  } else {
    behind = true;
    ask_tail_at = now() + around.tail_poll;
  }
}

/// First offset of the segment that is not known committed; nothing while a later segment is open and the end of this
/// one is not known here.
std::optional<offset_t> read_stream::state::committed_end(const segment_record &segment) const {
  if (segment.end.has_value()) {
    return segment.end;
  }
  return tail.segment == segment.index ? std::optional(tail.offset) : std::nullopt;
}

void read_stream::state::at_tail(const log_record &log) {
  give_room();
  if (ask_tail_at == never && wait_until == time_point{}) {
    wait_until =
        std::min(deadline, now() + std::chrono::milliseconds(std::min<std::uint64_t>(question.wait_ms, 600'000)));
    ask_tail();
    return;
  }
  if (now() >= wait_until && !recovering) {
    answer_empty(log);
    return;
  }
  if (now() >= ask_tail_at) {
    ask_tail();
  }
}

void read_stream::state::ask_tail() {
  asking = true;
  ask_tail_at = now() + around.tail_poll;
  around.find_tail(question.log, std::min(deadline, now() + around.fetch_timeout),
                   [self = weak_from_this()](const result<tail_in_segment> &answer) {
                     if (const auto alive = self.lock(); alive && !alive->done) {
                       alive->on_tail(answer);
                     }
                   });
}

void read_stream::state::on_tail(const result<tail_in_segment> &answer) {
  asking = false;
  recovering = !answer && answer.error().code == code::log_recovering;
  if (recovering) {
    return; // moments, and what is committed will be known; the deadline bounds it
  }
  if (!answer) {
    // Without the sequencer nobody here can say what is committed beyond what is known; that is an error, not an end.
    fail(answer.error());
    return;
  }
  tail = std::max(tail, answer.value());
  step();
}

void read_stream::state::answer_empty(const log_record &log) {
  wire::records empty;
  empty.next = question.from;
  empty.global_tail = tail.offset;
  empty.trim_point = log.trim_point;
  finish(std::move(empty), {});
}

void read_stream::state::begin_fetch(const log_record &log, const segment_record &segment, offset_t committed) {
  fetching = log.id_of(segment);
  fetch_tail = committed;
  fetch_end = question.to < committed ? question.to + 1 : committed;
  if (candidates.empty()) {
    candidates = segment.nodeset;
    // The node's own log server first; among the others, spread readers by where they read.
    if (candidates.size() > 1) {
      std::rotate(candidates.begin(),
                  candidates.begin() + static_cast<std::ptrdiff_t>(question.from % candidates.size()),
                  candidates.end());
    }
    std::stable_partition(candidates.begin(), candidates.end(),
                          [this](const std::string &node) { return node == around.node; });
    all_answered = true;
    any_took_too_long = false;
    complaints.clear();
  }
  fetch_from_next();
}

std::uint64_t read_stream::state::answer_bytes_max() const {
  return std::min(question.bytes_max == 0 ? around.bytes_max : question.bytes_max, around.bytes_max);
}

bool read_stream::state::take_room() {
  if (!around.take_room || room > 0) {
    return true;
  }
  const std::uint64_t wanted = std::max<std::uint64_t>(answer_bytes_max(), 1);
  const bool taken = around.take_room(wanted);
  room = taken ? wanted : 0;
  if (!taken) {
    ask_room_at = now() + around.room_poll;
  }
  return taken;
}

duration read_stream::state::fetch_timeout() const {
  constexpr std::uint32_t doublings_max = 10;
  return around.fetch_timeout * (1U << std::min(slow_rounds, doublings_max));
}

void read_stream::state::fetch_from_next() {
  if (!take_room()) {
    return;
  }
  const std::string node = candidates.front();
  candidates.erase(candidates.begin());
  wire::fetch message;
  message.segment = fetching;
  message.from = question.from;
  message.to = fetch_end;
  message.count_max = question.count_max;
  message.bytes_max = answer_bytes_max();
  message.global_tail = fetch_tail;
  asking = true;
  around.servers->fetch(node, message, std::min(deadline, now() + fetch_timeout()),
                        [self = weak_from_this(), node, segment = fetching,
                         end = fetch_end](result<wire::fetched> answer, const rope &payload) {
                          if (const auto alive = self.lock(); alive && !alive->done) {
                            alive->on_fetched(node, segment, end, std::move(answer), payload);
                          }
                        });
}

void read_stream::state::on_fetched(const std::string &node, const segment_id &segment, offset_t end,
                                    result<wire::fetched> answer, const rope &payload) {
  asking = false;
  const log_record *found = log();
  std::string complaint;
  intact_run run;
  run.next = question.from;
  if (answer) {
    run = take_run(answer.value(), payload, segment, question.from, end, complaint);
  } else {
    all_answered = false;
    any_took_too_long = any_took_too_long || answer.error().code == code::timed_out;
    complaint = answer.error().text;
  }
  if (run.next > question.from && found != nullptr) {
    question.from = run.next;
    candidates.clear();
    slow_rounds = 0;
    if (run.found.entry_headers.empty()) {
      step(); // nothing but fillers: go on behind them
      return;
    }
    run.found.next = run.next;
    run.found.global_tail = tail.offset;
    run.found.trim_point = found->trim_point;
    finish(std::move(run.found), std::move(run.payload));
    return;
  }
  complaint = complaint.empty() ? fmt::format("offset {} is not there", question.from) : complaint;
  complaints.push_back(fmt::format("{}: {}", node, complaint));
  if (answer && !answer->corrupt.empty()) {
    around.log(OUTSIZE_LOG_WARN, fmt::format("damaged entry: log={} offset={} node={} reason=\"{}\"", question.log,
                                             question.from, node, complaint));
  }
  if (candidates.empty() && any_took_too_long) {
    ++slow_rounds;
  }
  if (!candidates.empty() || any_took_too_long) {
    step();
    return;
  }
  fail(make_error(all_answered ? code::data_loss : code::log_unavailable,
                  fmt::format("log {} offset {}: no log server has an intact copy ({})", question.log, question.from,
                              fmt::join(complaints, "; "))));
}

read_stream::read_stream(environment around, wire::read question, tail_in_segment known_tail, time_point deadline,
                         answered then)
    : state_(std::make_shared<state>(std::move(around))) {
  state_->question = std::move(question);
  state_->tail = known_tail;
  state_->deadline = deadline;
  state_->then = std::move(then);
}

read_stream::~read_stream() {
  state_->done = true;
}

void read_stream::start() {
  const auto alive = state_;
  alive->step();
}

void read_stream::on_time() {
  const auto alive = state_;
  alive->step();
}

time_point read_stream::next_time() const {
  if (state_->done || state_->asking) {
    return never; // an answer comes: peers and find_tail keep their deadlines
  }
  if (state_->ask_room_at != never) {
    return std::min(state_->ask_room_at, state_->deadline);
  }
  // While the sequencer recovers the end of the wait ends nothing: the tail is asked for until it is known. Nor does it
  // while there is something to read that this node has not heard all about.
  const bool waits = state_->wait_until != time_point{} && !state_->recovering && !state_->behind;
  return std::min({state_->ask_tail_at, waits ? state_->wait_until : never, state_->deadline});
}

bool read_stream::done() const {
  return state_->done;
}

tail_in_segment read_stream::known_tail() const {
  return state_->tail;
}

} // namespace outsize::host
