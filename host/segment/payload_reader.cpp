#include "host/segment/payload_reader.hpp"

#include "host/segment/answer_room.hpp"
#include "host/segment/copy_search.hpp"
#include "host/segment/fragment_run.hpp"

#include <outsize/abi/host.h>
#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace outsize::host {

namespace {

/// A commit or reference entry has no more.
constexpr std::uint64_t description_bytes_max =
    wire::record_fields_bytes_max + std::max(wire::split_record_bytes, wire::spilled_record_bytes_max);

/// Bytes [from, end) of a payload.
struct stretch {
  std::uint64_t from = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t bytes() const { return end - from; }
};

/// What is answered to somebody who wants `bytes_max` bytes from `from` on (0: what he is given), of at most `most`.
stretch wanted_of(const wire::read_payload &question, std::uint64_t total, std::uint64_t most) {
  const std::uint64_t bytes = question.bytes_max == 0 ? most : std::min(question.bytes_max, most);
  return {question.from, question.from + std::min(bytes, total - question.from)};
}

/// Cut where the last fragment that is in it whole ends, if there is one.
stretch cut_at_fragment(stretch wanted, const wire::split_record &split) {
  const std::uint64_t boundary = wanted.end - wanted.end % split.fragment_bytes;
  if (wanted.end != split.payload_bytes && boundary > wanted.from) {
    wanted.end = boundary;
  }
  return wanted;
}

/// Bytes [from, from + count) of what was fetched. A small part of much must not keep all of it in memory until its
/// reader has taken it.
rope part_of(const rope &fetched, std::uint64_t from, std::uint64_t count) {
  const rope part = fetched.slice(from, count);
  if (count >= fetched.size() / 2) {
    return part;
  }
  writable_buffer copy(count);
  copy.set_size(0);
  for (const buffer &one : part.parts()) {
    copy.append(one.span());
  }
  return std::move(copy).freeze();
}

} // namespace

struct payload_reader::state : std::enable_shared_from_this<payload_reader::state> {
  explicit state(environment where)
      : around(std::move(where)), room(around.records.take_room, around.records.give_room, around.records.room_poll) {}

  environment around;
  wire::read_payload question;
  tail_in_segment tail;
  time_point deadline{};
  answered then;

  bool done = false;
  bool asking = false;
  std::unique_ptr<read_stream> lookup; ///< for the record's description
  std::optional<large_description> record;
  answer_room room;
  copy_search search;

  [[nodiscard]] time_point now() const { return around.records.now(); }
  [[nodiscard]] std::string place() const { return fmt::format("log {} offset {}", question.log, question.offset); }
  [[nodiscard]] const log_record *log() const {
    const versioned<log_record> *found = around.records.view().log(question.log);
    return found == nullptr ? nullptr : &found->record;
  }

  void finish(result<wire::payload_piece> answer, rope bytes);
  void fail(error why) { finish(std::move(why), {}); }
  void answer_bytes(rope bytes);

  void start();
  void look_up();
  void on_looked_up(const result<wire::records> &answer, const rope &payload);
  [[nodiscard]] result<large_description> described(const wire::records &answer, const rope &payload) const;

  void step();
  [[nodiscard]] std::optional<error> refusal() const;
  void ask_servers(const wire::split_record &split);
  void on_fragments(const std::string &node, const stretch &piece, const result<wire::set_fetched> &answer,
                    const rope &payload);
  void ask_store(const wire::spilled_record &spilled);
  void on_blob(const wire::spilled_record &spilled, std::uint64_t bytes, result<rope> answer);
};

void payload_reader::state::finish(result<wire::payload_piece> answer, rope bytes) {
  done = true;
  room.give(); // the answer waits for its reader now, or it is gone
  const answered call = std::exchange(then, nullptr);
  call(std::move(answer), std::move(bytes));
}

void payload_reader::state::answer_bytes(rope bytes) {
  finish(wire::payload_piece{question.from, record->payload_bytes()}, std::move(bytes));
}

// ---- what the record is ---------------------------------------------------------------------------------------------

void payload_reader::state::start() {
  const log_record *found = log();
  const large_description *known = found == nullptr ? nullptr : around.known->find(found->id, question.offset);
  if (known == nullptr) {
    look_up();
    return;
  }
  record = *known;
  step();
}

void payload_reader::state::look_up() {
  wire::read entry;
  entry.log = question.log;
  entry.from = question.offset;
  entry.to = question.offset;
  entry.count_max = 1;
  entry.bytes_max = description_bytes_max;
  lookup = std::make_unique<read_stream>(
      around.records, std::move(entry), tail, deadline,
      [self = weak_from_this()](const result<wire::records> &answer, const rope &payload) {
        if (const auto alive = self.lock(); alive && !alive->done) {
          alive->on_looked_up(answer, payload);
        }
      });
  lookup->start();
}

void payload_reader::state::on_looked_up(const result<wire::records> &answer, const rope &payload) {
  if (!answer) {
    fail(answer.error());
    return;
  }
  result<large_description> found = described(answer.value(), payload);
  if (!found) {
    error why = std::move(found).error();
    why.text = fmt::format("log {}: {}", question.log, why.text);
    fail(std::move(why));
    return;
  }
  around.known->put(found.value());
  record = std::move(found).value();
  step();
}

result<large_description> payload_reader::state::described(const wire::records &answer, const rope &payload) const {
  if (answer.entry_headers.empty()) {
    if (question.offset <= answer.trim_point && question.offset != wire::no_offset) {
      return make_error(code::trimmed,
                        fmt::format("offset {} is at or below the trim point {}", question.offset, answer.trim_point));
    }
    if (answer.global_tail == wire::no_offset && question.offset != wire::no_offset) {
      return make_error(code::log_recovering,
                        fmt::format("whether offset {} is committed is not known yet", question.offset));
    }
    if (answer.next <= question.offset) {
      return make_error(
          code::not_found,
          fmt::format("there is no record at offset {} yet: the tail is {}", question.offset, answer.global_tail),
          "ask for the offset of a record that was read");
    }
    return make_error(code::invalid_argument, fmt::format("offset {} is not that of a record", question.offset),
                      "ask for the offset of a record that was read");
  }
  // It came verified.
  const result<wire::entry_header> header = wire::decode_entry_header(answer.entry_headers.front().span());
  return header ? describe_large(header.value(), payload) : result<large_description>(header.error());
}

// ---- its bytes ------------------------------------------------------------------------------------------------------

/// Why the question cannot be answered as things are now.
std::optional<error> payload_reader::state::refusal() const {
  const log_record *found = log();
  if (found == nullptr) {
    return unknown_log_error(question.log);
  }
  if (question.offset <= found->trim_point) {
    return make_error(code::trimmed, fmt::format("{} is at or below the trim point {}", place(), found->trim_point));
  }
  if (const std::uint64_t total = record->payload_bytes(); question.from > total) {
    return size_error(code::invalid_argument,
                      fmt::format("{}: byte {} of a payload of {} bytes", place(), question.from, total), question.from,
                      total);
  }
  if (now() >= deadline) {
    return make_error(code::timed_out, fmt::format("{}: the payload from byte {} could not be read in time; {}",
                                                   place(), question.from, search.complaints()));
  }
  return std::nullopt;
}

void payload_reader::state::step() {
  if (done || asking) {
    return;
  }
  room.forget(); // whoever still wants some says so again
  if (std::optional<error> why = refusal(); why.has_value()) {
    fail(std::move(*why));
    return;
  }
  if (question.from == record->payload_bytes()) {
    answer_bytes({});
    return;
  }
  if (const auto *split = std::get_if<wire::split_record>(&record->kept); split != nullptr) {
    ask_servers(*split);
  } else {
    ask_store(std::get<wire::spilled_record>(record->kept));
  }
}

void payload_reader::state::ask_servers(const wire::split_record &split) {
  const log_record *found = log();
  const segment_record *segment = found->find(question.offset);
  if (segment == nullptr || segment->index != record->segment.index) {
    fail(make_error(code::internal,
                    fmt::format("{}: its segment {} is not in the chain", place(), record->segment.index)));
    return;
  }
  const std::uint64_t most = std::max(around.piece_bytes, split.fragment_bytes);
  const stretch piece = cut_at_fragment(wanted_of(question, split.payload_bytes, most), split);
  wire::fetch_set message;
  message.segment = record->segment;
  message.set = record->set;
  message.from = static_cast<std::uint32_t>(piece.from / split.fragment_bytes);
  message.to = static_cast<std::uint32_t>((piece.end - 1) / split.fragment_bytes + 1);
  const std::uint64_t bytes =
      std::min(split.payload_bytes, message.to * split.fragment_bytes) - message.from * split.fragment_bytes;
  message.bytes_max = bytes + (message.to - message.from) * wire::entry_header_bytes; // of entries
  message.global_tail = question.offset + 1; // the record is committed, and its fragments are below it
  if (!room.take(bytes, now())) {
    return;
  }
  search.begin(segment->nodeset, around.records.node, message.from);
  const std::string node = search.take_next();
  asking = true;
  around.records.servers->fetch_set(
      node, message, std::min(deadline, now() + search.patience(around.records.fetch_timeout)),
      [self = weak_from_this(), node, piece](const result<wire::set_fetched> &answer, const rope &payload) {
        if (const auto alive = self.lock(); alive && !alive->done) {
          alive->on_fragments(node, piece, answer, payload);
        }
      });
}

void payload_reader::state::on_fragments(const std::string &node, const stretch &piece,
                                         const result<wire::set_fetched> &answer, const rope &payload) {
  asking = false;
  const auto &split = std::get<wire::split_record>(record->kept);
  const auto first = static_cast<std::uint32_t>(piece.from / split.fragment_bytes);
  const std::uint64_t skipped = piece.from % split.fragment_bytes;
  fragment_run run;
  if (answer) {
    run = take_fragments(answer.value(), payload, *record, first);
  }
  if (!run.bytes.empty()) {
    answer_bytes(part_of(run.bytes, skipped, std::min(piece.bytes(), run.bytes.size() - skipped)));
    return;
  }
  if (answer) {
    const bool is_damaged = !answer->corrupt.empty();
    const std::string why = !run.complaint.empty()
                                ? run.complaint
                                : fmt::format("fragment {} is {}", first, is_damaged ? "damaged" : "not there");
    search.not_there(node, why);
    if (is_damaged) {
      around.records.log(OUTSIZE_LOG_WARN,
                         fmt::format("damaged fragment: log={} offset={} set={} fragment={} node={} reason=\"{}\"",
                                     question.log, question.offset, record->set, first, node, why));
    }
  } else {
    search.no_answer(node, answer.error());
  }
  if (search.is_over()) {
    fail(search.failure(fmt::format("{}, fragment {} of {} at offsets {} to {}, payload bytes {} to {}", place(), first,
                                    split.fragments, split.first, split.last, first * split.fragment_bytes,
                                    first * split.fragment_bytes + fragment_bytes_of(split, first) - 1)));
    return;
  }
  step();
}

void payload_reader::state::ask_store(const wire::spilled_record &spilled) {
  if (around.blobs == nullptr) {
    fail(make_error(code::not_found,
                    fmt::format("{}: its payload lies in blob store \"{}\", and node {} has none of that name", place(),
                                spilled.store, around.records.node),
                    "configure the store on this node, or read through a node that has it"));
    return;
  }
  const stretch piece = wanted_of(question, spilled.payload_bytes, around.piece_bytes);
  if (!room.take(piece.bytes(), now())) {
    return;
  }
  asking = true;
  around.blobs->get(spilled.store, spilled.key, piece.from, piece.bytes(),
                    std::min(deadline, now() + around.blob_timeout),
                    [self = weak_from_this(), bytes = piece.bytes()](result<rope> answer) {
                      if (const auto alive = self.lock(); alive && !alive->done) {
                        alive->on_blob(std::get<wire::spilled_record>(alive->record->kept), bytes, std::move(answer));
                      }
                    });
}

void payload_reader::state::on_blob(const wire::spilled_record &spilled, std::uint64_t bytes, result<rope> answer) {
  asking = false;
  const std::string what = fmt::format("{}, blob {} of store \"{}\"", place(), spilled.key, spilled.store);
  if (!answer) {
    error why = std::move(answer).error();
    why.text = fmt::format("{}: {}", what, why.text);
    fail(std::move(why));
    return;
  }
  if (answer->size() != bytes) {
    fail(size_error(code::blob_corrupt,
                    fmt::format("{}: {} bytes came from byte {} on, and there should be {}", what, answer->size(),
                                question.from, bytes),
                    answer->size(), bytes));
    return;
  }
  answer_bytes(std::move(answer).value());
}

// ---- the face -------------------------------------------------------------------------------------------------------

payload_reader::payload_reader(environment around, wire::read_payload question, tail_in_segment known_tail,
                               time_point deadline, answered then)
    : state_(std::make_shared<state>(std::move(around))) {
  state_->question = std::move(question);
  state_->tail = known_tail;
  state_->deadline = deadline;
  state_->then = std::move(then);
}

payload_reader::~payload_reader() {
  state_->done = true;
}

void payload_reader::start() {
  const auto alive = state_;
  alive->start();
}

void payload_reader::on_time() {
  const auto alive = state_;
  if (alive->record.has_value()) {
    alive->step();
  } else {
    alive->lookup->on_time();
  }
}

time_point payload_reader::next_time() const {
  if (state_->done || state_->asking) {
    return never; // an answer comes: peers and blob stores keep their deadlines
  }
  if (!state_->record.has_value()) {
    return state_->lookup == nullptr ? never : state_->lookup->next_time();
  }
  return std::min(state_->room.ask_at(), state_->deadline);
}

bool payload_reader::done() const {
  return state_->done;
}

tail_in_segment payload_reader::known_tail() const {
  return state_->lookup == nullptr ? state_->tail : state_->lookup->known_tail();
}

} // namespace outsize::host
