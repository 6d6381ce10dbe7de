#include "host/logserver/segment_reader.hpp"

#include "host/logserver/entry_check.hpp"
#include "host/logserver/read_budget.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

/// One answer to list_entries: as many headers as one part carries.
constexpr std::uint32_t list_count_max = wire::part_bytes_max / (wire::entry_header_bytes + wire::per_entry_bytes);
/// Of a stretch that should be here and is not, so many offsets are reported at a time.
constexpr offset_t lost_reported_max = 16;

/// The offsets an answer is about, and those of them that the disk is asked for.
struct read_span {
  offset_t from = 0;
  offset_t disk_to = 0; ///< nothing at or above it is on disk
  offset_t to = 0;
};

read_span span_of(const segment_row &row, offset_t from, offset_t to) {
  read_span span;
  span.from = std::max({from, row.trim_point + 1, wire::first_offset});
  span.to = std::max(span.from, to);
  span.disk_to = std::clamp(row.local_tail, span.from, span.to);
  return span;
}

/// Where the next read goes on: what the disk does not have up to the end of the span is not here.
offset_t next_of(const read_span &span, offset_t disk_next) {
  return disk_next >= span.disk_to ? span.to : disk_next;
}

offset_t fetch_end(const segment_snapshot &segment, const wire::fetch &message) {
  const offset_t known = std::max(segment.global_tail, message.global_tail);
  const bool beyond = (message.flags & wire::fetch_beyond_tail) != 0;
  return std::min(message.to, beyond ? std::max(known, segment.row.local_tail) : known);
}

/// Turns what came off the disk into an answer.
class fetch_answer {
public:
  fetch_answer(server_context &context, const stored_segment &segment, const read_span &span, bool for_readers)
      : context_(context), id_(segment.snapshot().id), row_(segment.snapshot().row), span_(span),
        for_readers_(for_readers) {}

  void take(const read_result &read) {
    offset_t expected = span_.from;
    for (const read_entry &entry : read.entries) {
      report_lost(expected, entry.offset);
      if (!take(entry)) {
        answer_.next = entry.offset;
        return;
      }
      expected = entry.offset + 1;
    }
    report_lost(expected, std::min(read.next, span_.disk_to));
    answer_.next = next_of(span_, read.next);
  }

  wire::fetched answer(const wire::server_state &state) {
    answer_.segment = id_;
    answer_.state = state;
    return std::move(answer_);
  }
  rope payload() { return std::move(payload_); }

private:
  /// False when no more damaged ones can be named in this answer.
  [[nodiscard]] bool take(const read_entry &entry) {
    if (is_header_of_fragment(entry)) {
      answer_.entry_headers.push_back(header_of(entry));
      return true;
    }
    if (check_whole_entry(id_, entry)) {
      answer_.entry_headers.push_back(header_of(entry));
      payload_.append(body_of(entry));
      return true;
    }
    if (answer_.corrupt.size() == wire::fetched_corrupt_max) {
      return false;
    }
    answer_.corrupt.push_back(entry.offset);
    context_.damaged(id_, entry.offset);
    return true;
  }

  /// The disk was asked for no more of it.
  [[nodiscard]] bool is_header_of_fragment(const read_entry &entry) const {
    return for_readers_ && wire::is_maybe_entry_of(wire::entry_kind::fragment, entry.bytes.span()) &&
           check_entry_header(id_, entry).has_value();
  }

  void report_lost(offset_t from, offset_t to) {
    for (offset_t offset = from; offset < std::min(to, from + lost_reported_max); ++offset) {
      if (is_held(row_, offset)) {
        context_.damaged(id_, offset);
      }
    }
  }

  server_context &context_;
  segment_id id_;
  segment_row row_; ///< as it was when the disk was asked
  read_span span_;
  bool for_readers_;
  wire::fetched answer_;
  rope payload_;
};

/// Headers in one answer: as many as are wanted, as a part carries and as the budget allows.
std::uint32_t list_count(const wire::list_entries &message, const memory_budget &memory) {
  const std::uint64_t wanted = message.count_max == 0 ? list_count_max : message.count_max;
  const std::uint64_t allowed = std::max<std::uint64_t>(1, read_bytes_max(memory) / wire::entry_header_bytes);
  return static_cast<std::uint32_t>(std::min({wanted, allowed, std::uint64_t{list_count_max}}));
}

/// Reads within the budget; `then` is called unless the server is gone or stopped.
void read_charged(server_context &context, const read_request &what, storage::read_done then) {
  const std::uint64_t charged = what.bytes_max;
  if (!context.memory().has_room_for_read(charged)) {
    then(no_room_for_read(context.memory(), charged));
    return;
  }
  context.memory().charge_read(charged);
  context.store().read(what,
                       [&context, charged, alive = context.alive(), then = std::move(then)](result<read_result> read) {
                         if (!alive.expired() && !context.stopped()) {
                           context.memory().discharge_read(charged);
                           then(std::move(read));
                         }
                       });
}

} // namespace

void fetch_entries(server_context &context, const stored_segment &segment, const wire::fetch &message,
                   std::function<void(result<wire::fetched>, rope)> answer) {
  const segment_snapshot &snapshot = segment.snapshot();
  const read_span span = span_of(snapshot.row, message.from, fetch_end(snapshot, message));
  read_request what{.segment = snapshot.id, .from = span.from, .to = span.disk_to};
  what.bytes_max = std::min(message.bytes_max, read_bytes_max(context.memory()));
  what.count_max = message.count_max;
  what.fragments_as_headers = (message.flags & wire::fetch_for_readers) != 0;
  auto made = std::make_shared<fetch_answer>(context, segment, span, what.fragments_as_headers);
  read_charged(context, what, [&segment, made, answer = std::move(answer)](const result<read_result> &read) {
    if (!read) {
      answer(read.error(), {});
      return;
    }
    made->take(*read);
    auto fetched = made->answer(segment.state());
    answer(std::move(fetched), made->payload());
  });
}

void list_entry_headers(server_context &context, const stored_segment &segment, const wire::list_entries &message,
                        std::function<void(result<wire::entries>, rope)> answer) {
  const segment_row &row = segment.snapshot().row;
  const read_span span = span_of(row, message.from, std::min(message.to, row.local_tail));
  read_request what{.segment = segment.snapshot().id, .from = span.from, .to = span.disk_to};
  what.count_max = list_count(message, context.memory());
  what.bytes_max = what.count_max * wire::entry_header_bytes;
  what.headers_only = true;
  read_charged(context, what, [&segment, span, answer = std::move(answer)](const result<read_result> &read) {
    if (!read) {
      answer(read.error(), {});
      return;
    }
    wire::entries listed{segment.snapshot().id, segment.state(), {}, next_of(span, read->next)};
    for (const read_entry &entry : read->entries) {
      if (check_entry_header(listed.segment, entry)) {
        listed.entry_headers.push_back(header_of(entry));
      }
    }
    answer(std::move(listed), {});
  });
}

} // namespace outsize::host
