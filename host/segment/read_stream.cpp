#include "host/segment/read_stream.hpp"

#include "host/segment/answer_room.hpp"
#include "host/segment/copy_search.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace outsize::host {

namespace {

/// Entries of one fetch: those that are no records have no bytes here, and their headers have to fit as well.
constexpr std::uint32_t fetch_count_max = wire::part_bytes_max / (wire::entry_header_bytes + wire::per_entry_bytes);

/// Entries of one fetch that can be trusted: consecutive from the offset asked for, intact, below `end`.
struct intact_run {
  wire::records found;
  rope payload;
  offset_t next = 0; ///< first offset not covered
};

bool is_record(wire::entry_kind kind) {
  return kind == wire::entry_kind::data || kind == wire::entry_kind::commit || kind == wire::entry_kind::reference;
}

/// What of it came: a reader gets no bytes of fragments.
bool has_bytes_here(const wire::entry_header &header, const rope &payload, std::uint64_t at) {
  const std::uint64_t left = payload.size() - at;
  return header.record_header_bytes <= left && header.payload_bytes <= left - header.record_header_bytes;
}

/// Takes the leading entries of `answer`, until there are `records_max` records among them (0: all); stops at the first
/// that is missing, damaged or of another segment.
intact_run take_run(const wire::fetched &answer, const rope &payload, const segment_id &segment, offset_t from,
                    offset_t end, std::uint32_t records_max, std::string &complaint) {
  intact_run run;
  run.next = from;
  std::uint64_t at = 0;
  for (const buffer &raw : answer.entry_headers) {
    if (records_max != 0 && run.found.entry_headers.size() == records_max) {
      break;
    }
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header) {
      complaint = header.error().text;
      break;
    }
    const bool is_fragment = header->kind == wire::entry_kind::fragment;
    if (!is_fragment && !has_bytes_here(header.value(), payload, at)) {
      complaint = "fewer bytes than its headers say";
      break;
    }
    rope body = is_fragment ? rope() : payload.slice(at, header->record_header_bytes + header->payload_bytes);
    at += body.size();
    if (header->segment != segment || header->offset != run.next || header->offset >= end) {
      complaint = header->offset == run.next ? "" : fmt::format("offset {} is not there", run.next);
      break;
    }
    const result<void> intact = is_fragment ? result<void>() : wire::verify_entry(header.value(), body);
    if (!intact) {
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
  explicit state(environment where)
      : around(std::move(where)), room(around.take_room, around.give_room, around.room_poll) {}

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
  answer_room room;
  copy_search search;         ///< for the present offset
  std::uint32_t skipping = 0; ///< the last fetch brought nothing but so many entries that are no records

  [[nodiscard]] time_point now() const { return around.now(); }

  void finish(result<wire::records> answer, rope payload) {
    done = true;
    room.give(); // the answer waits for its reader now, or it is gone
    const answered call = std::exchange(then, nullptr);
    call(std::move(answer), std::move(payload));
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
  void fetch_from_next();
  [[nodiscard]] std::uint32_t fetch_count() const;
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
  room.forget(); // whoever still wants some says so again
  if (now() >= deadline) {
    fail(make_error(code::timed_out, fmt::format("log {}: offset {} could not be read in time; {}", question.log,
                                                 question.from, search.complaints())));
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
  room.give();
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
  search.begin(segment.nodeset, around.node, question.from);
  fetch_from_next();
}

std::uint64_t read_stream::state::answer_bytes_max() const {
  return std::min(question.bytes_max == 0 ? around.bytes_max : question.bytes_max, around.bytes_max);
}

/// As many as are wanted. More where only entries came that are no records: a set may have many thousand fragments, and
/// a reader who wants one record does not step over them one by one. What comes beyond his count is left.
std::uint32_t read_stream::state::fetch_count() const {
  const std::uint32_t wanted = question.count_max == 0 ? fetch_count_max : question.count_max;
  return std::min(std::max(wanted, 2 * skipping), fetch_count_max);
}

void read_stream::state::fetch_from_next() {
  if (!room.take(answer_bytes_max(), now())) {
    return;
  }
  const std::string node = search.take_next();
  wire::fetch message;
  message.segment = fetching;
  message.from = question.from;
  message.to = fetch_end;
  message.count_max = fetch_count();
  message.bytes_max = answer_bytes_max();
  message.flags = wire::fetch_for_readers;
  message.global_tail = fetch_tail;
  asking = true;
  around.servers->fetch(node, message, std::min(deadline, now() + search.patience(around.fetch_timeout)),
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
    run = take_run(answer.value(), payload, segment, question.from, end, question.count_max, complaint);
  }
  if (run.next > question.from && found != nullptr) {
    skipping = static_cast<std::uint32_t>(std::min<offset_t>(run.next - question.from, fetch_count_max));
    question.from = run.next;
    search.found();
    if (run.found.entry_headers.empty()) {
      step(); // nothing but fillers and the like: go on behind them
      return;
    }
    run.found.next = run.next;
    run.found.global_tail = tail.offset;
    run.found.trim_point = found->trim_point;
    finish(std::move(run.found), std::move(run.payload));
    return;
  }
  if (answer) {
    complaint = complaint.empty() ? fmt::format("offset {} is not there", question.from) : complaint;
    search.not_there(node, complaint);
  } else {
    search.no_answer(node, answer.error());
  }
  if (answer && !answer->corrupt.empty()) {
    around.log(OUTSIZE_LOG_WARN, fmt::format("damaged entry: log={} offset={} node={} reason=\"{}\"", question.log,
                                             question.from, node, complaint));
  }
  if (search.is_over()) {
    fail(search.failure(fmt::format("log {} offset {}", question.log, question.from)));
    return;
  }
  step();
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
  if (state_->room.ask_at() != never) {
    return std::min(state_->room.ask_at(), state_->deadline);
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
