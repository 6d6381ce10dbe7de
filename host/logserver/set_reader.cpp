#include "host/logserver/set_reader.hpp"

#include "host/logserver/entry_check.hpp"
#include "host/logserver/read_budget.hpp"

#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace outsize::host {
namespace {

/// Fragments in one answer: as many as have their headers in one part.
constexpr std::uint32_t fragments_in_answer_max =
    wire::part_bytes_max / (wire::entry_header_bytes + wire::per_entry_bytes);

/// One question, until its answer. Keeps itself alive through the callback that waits in the store.
class set_fetch : public std::enable_shared_from_this<set_fetch> {
public:
  set_fetch(server_context &context, const stored_segment &segment, const wire::fetch_set &message,
            std::function<void(result<wire::set_fetched>, rope)> answer)
      : context_(context), segment_(segment), row_(segment.snapshot().row),
        tail_(std::max(segment.snapshot().global_tail, message.global_tail)), asked_(message),
        bytes_max_(std::min(message.bytes_max, read_bytes_max(context.memory()))), tell_(std::move(answer)) {}

  void start() {
    if (!context_.memory().has_room_for_read(bytes_max_)) {
      tell_(no_room_for_read(context_.memory(), bytes_max_), {});
      return;
    }
    context_.memory().charge_read(bytes_max_);
    const fragment_request what{asked_.segment, asked_.set, asked_.from, asked_.to, fragments_in_answer_max};
    context_.store().find_fragments(
        what, [self = shared_from_this(), alive = context_.alive()](result<fragment_result> found) {
          if (!alive.expired() && !self->context_.stopped()) {
            self->on_found(std::move(found));
          }
        });
  }

private:
  void on_found(result<fragment_result> found) {
    if (!found) {
      fail(found.error());
      return;
    }
    places_ = std::move(found->places);
    looked_to_ = found->next;
    read_on();
  }

  /// The next run of places whose entries lie side by side, in one read.
  void read_on() {
    while (at_ < places_.size() && places_[at_].offset <= row_.trim_point) {
      ++at_;
    }
    if (at_ == places_.size()) {
      finish(looked_to_);
      return;
    }
    const fragment_place &first = places_[at_];
    if (first.offset >= tail_ || ends_before(first, last_bytes_)) {
      finish(first.index);
      return;
    }
    run_end_ = at_ + 1;
    while (run_end_ < places_.size() && places_[run_end_].offset == places_[run_end_ - 1].offset + 1 &&
           places_[run_end_].offset < tail_) {
      ++run_end_;
    }
    read_request what{.segment = asked_.segment, .from = first.offset, .to = places_[run_end_ - 1].offset + 1};
    what.bytes_max = bytes_max_ - std::min(bytes_max_, bytes_);
    context_.store().read(what, [self = shared_from_this(), alive = context_.alive()](const result<read_result> &read) {
      if (!alive.expired() && !self->context_.stopped()) {
        self->on_read(read);
      }
    });
  }

  void on_read(const result<read_result> &read) {
    if (!read) {
      fail(read.error());
      return;
    }
    auto entry = read->entries.begin();
    for (; at_ < run_end_ && places_[at_].offset < read->next; ++at_) {
      const fragment_place &place = places_[at_];
      const bool is_there = entry != read->entries.end() && entry->offset == place.offset;
      if (!is_there) {
        report_lost(place.offset);
      } else if (!take(place, *entry++)) {
        finish(place.index);
        return;
      }
    }
    read_on();
  }

  /// A fragment that does not continue the run, or is one too many in bytes, is for another answer. The bytes are not
  /// known before it is read; all but the last fragment of a set have the same, which spares most reads in vain.
  [[nodiscard]] bool ends_before(const fragment_place &place, std::uint64_t bytes) const {
    const bool full = bytes_ >= bytes_max_ || bytes > bytes_max_ - bytes_;
    return !answer_.entry_headers.empty() && (place.index != last_index_ + 1 || full);
  }

  /// False when it is for another answer.
  [[nodiscard]] bool take(const fragment_place &place, const read_entry &entry) {
    const auto header = check_whole_entry(asked_.segment, entry);
    const bool is_it = header && header->kind == wire::entry_kind::fragment && header->set == asked_.set &&
                       header->fragment_index == place.index;
    return is_it ? add(place, entry) : add_corrupt(place);
  }

  [[nodiscard]] bool add(const fragment_place &place, const read_entry &entry) {
    if (ends_before(place, entry.bytes.size())) {
      return false;
    }
    answer_.entry_headers.push_back(header_of(entry));
    payload_.append(body_of(entry));
    bytes_ += last_bytes_ = entry.bytes.size();
    last_index_ = place.index;
    return true;
  }

  [[nodiscard]] bool add_corrupt(const fragment_place &place) {
    if (answer_.corrupt.size() == wire::fetched_corrupt_max) {
      return false;
    }
    answer_.corrupt.push_back(place.offset);
    context_.damaged(asked_.segment, place.offset);
    return true;
  }

  void report_lost(offset_t offset) {
    if (is_held(row_, offset)) {
      context_.damaged(asked_.segment, offset);
    }
  }

  void finish(std::uint32_t next) {
    context_.memory().discharge_read(bytes_max_);
    answer_.segment = asked_.segment;
    answer_.state = segment_.state();
    answer_.next = next;
    tell_(std::move(answer_), std::move(payload_));
  }

  void fail(const error &why) {
    context_.memory().discharge_read(bytes_max_);
    tell_(why, {});
  }

  server_context &context_;
  const stored_segment &segment_;
  segment_row row_; ///< as it was when the disk was asked
  offset_t tail_;   ///< nothing at or above it is served
  wire::fetch_set asked_;
  std::uint64_t bytes_max_; ///< what is charged to the memory budget
  std::function<void(result<wire::set_fetched>, rope)> tell_;

  std::vector<fragment_place> places_;
  std::uint32_t looked_to_ = 0; ///< indices below it and not among the places have no row
  std::size_t at_ = 0;          ///< in places_: the first not looked at
  std::size_t run_end_ = 0;     ///< of what is being read
  wire::set_fetched answer_;
  rope payload_;
  std::uint64_t bytes_ = 0;      ///< of the entries in the answer
  std::uint64_t last_bytes_ = 0; ///< of the last of them
  std::uint32_t last_index_ = 0;
};

} // namespace

void fetch_fragments(server_context &context, const stored_segment &segment, const wire::fetch_set &message,
                     std::function<void(result<wire::set_fetched>, rope)> answer) {
  std::make_shared<set_fetch>(context, segment, message, std::move(answer))->start();
}

} // namespace outsize::host
