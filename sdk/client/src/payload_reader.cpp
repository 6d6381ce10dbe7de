#include <outsize/client/payload_reader.hpp>

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace outsize::client {

namespace {

constexpr std::size_t questions_max = 2;
/// Where pieces are large one question is enough to keep the link busy.
constexpr std::uint64_t ahead_bytes_max = 8 * wire::mib;

/// Questions end where fragments do: a node fetches whole fragments, whatever it is asked for.
std::uint64_t piece_bytes_of(const large_payload &of) {
  const auto *split = std::get_if<wire::split_record>(&of.kept);
  if (split == nullptr || split->fragment_bytes == 0) {
    return wire::mib;
  }
  return std::max<std::uint64_t>(1, wire::mib / split->fragment_bytes) * split->fragment_bytes;
}

} // namespace

struct payload_reader::state : std::enable_shared_from_this<payload_reader::state> {
  state(client &over, std::string of_log, const read_record &record)
      : through(over), log(std::move(of_log)), offset(record.offset), large(*record.large),
        piece_bytes(piece_bytes_of(large)) {
    seen.add(large.record_header.span());
  }

  /// Bytes [from, end) of the payload, one behind the other.
  struct piece {
    std::uint64_t from = 0;
    std::uint64_t end = 0;
    bool is_asked = false;
    std::optional<result<rope>> answer;
  };

  client &through;
  std::string log;
  wire::offset_t offset;
  large_payload large;
  std::uint64_t piece_bytes;
  std::deque<piece> pieces;  ///< the first is wanted next
  std::uint64_t planned = 0; ///< where the last of them ends
  std::uint64_t position = 0;
  wire::running_digest seen;
  std::optional<error> failed_for_good;
  time_point deadline{};
  next_bytes then; ///< set while somebody waits

  [[nodiscard]] bool has_room() const {
    return pieces.empty() || (pieces.size() < questions_max && (pieces.size() + 1) * piece_bytes <= ahead_bytes_max);
  }
  void plan();
  void ask(piece &next);
  void on_answer(std::uint64_t from, time_point asked_until, result<payload_piece> answer);
  [[nodiscard]] result<rope> checked(const piece &of, result<payload_piece> answer) const;
  void deliver();
  void take_front();
  [[nodiscard]] result<rope> verdict();
  void tell(result<rope> outcome) { std::exchange(then, nullptr)(std::move(outcome)); }
};

void payload_reader::state::plan() {
  while (planned < large.bytes && has_room()) {
    const std::uint64_t end = planned + std::min(piece_bytes, large.bytes - planned);
    pieces.push_back({planned, end, false, std::nullopt});
    planned = end;
  }
  for (piece &one : pieces) {
    if (!one.is_asked && !one.answer.has_value()) {
      ask(one);
    }
  }
}

void payload_reader::state::ask(piece &next) {
  next.is_asked = true;
  through.read_payload(log, offset, next.from, next.end - next.from, deadline,
                       [self = weak_from_this(), from = next.from, until = deadline](result<payload_piece> answer) {
                         if (const auto alive = self.lock()) {
                           alive->on_answer(from, until, std::move(answer));
                         }
                       });
}

void payload_reader::state::on_answer(std::uint64_t from, time_point asked_until, result<payload_piece> answer) {
  const auto of = std::find_if(pieces.begin(), pieces.end(), [&](const piece &one) { return one.from == from; });
  of->is_asked = false;
  // It failed while somebody waited for less long than whoever waits now: he has a question of his own.
  const bool is_stale = !answer && asked_until != deadline;
  if (is_stale && then != nullptr) {
    ask(*of);
    return;
  }
  of->answer = checked(*of, std::move(answer));
  deliver();
}

result<rope> payload_reader::state::checked(const piece &of, result<payload_piece> answer) const {
  if (!answer) {
    return std::move(answer).error();
  }
  const std::uint64_t bytes = answer->bytes.size();
  if (answer->from != of.from || answer->total_bytes != large.bytes || bytes == 0 || bytes > of.end - of.from) {
    return make_error(code::malformed, "log " + log + " offset " + std::to_string(offset) +
                                           ": asked for payload bytes " + std::to_string(of.from) + " to " +
                                           std::to_string(of.end) + " of " + std::to_string(large.bytes) + ", got " +
                                           std::to_string(bytes) + " from " + std::to_string(answer->from) + " of " +
                                           std::to_string(answer->total_bytes));
  }
  return std::move(answer->bytes);
}

/// Gives what is there to whoever waits for it.
void payload_reader::state::deliver() {
  if (then == nullptr) {
    return;
  }
  if (position == large.bytes) {
    tell(verdict());
  } else if (pieces.front().answer.has_value()) {
    take_front();
  }
}

void payload_reader::state::take_front() {
  piece &front = pieces.front();
  result<rope> bytes = *std::exchange(front.answer, std::nullopt);
  if (!bytes) {
    tell(std::move(bytes).error());
    return;
  }
  seen.add(bytes.value());
  position += bytes->size();
  front.from = position; // a node may give less than it was asked for
  if (front.from == front.end) {
    pieces.pop_front();
  }
  plan();
  tell(std::move(bytes));
}

result<rope> payload_reader::state::verdict() {
  if (seen.value() == large.content) {
    return rope();
  }
  const bool is_spilled = std::holds_alternative<wire::spilled_record>(large.kept);
  failed_for_good = make_error(is_spilled ? code::blob_corrupt : code::checksum_mismatch,
                               "log " + log + " offset " + std::to_string(offset) +
                                   ": the payload does not match the digest that its writer made");
  return *failed_for_good;
}

payload_reader::payload_reader(client &through, std::string log, const read_record &record)
    : state_(std::make_shared<state>(through, std::move(log), record)) {}

payload_reader::~payload_reader() = default;

void payload_reader::next(time_point deadline, next_bytes then) {
  const auto alive = state_; // whoever is told may end this reader
  if (alive->failed_for_good.has_value()) {
    then(*alive->failed_for_good);
    return;
  }
  alive->deadline = deadline;
  alive->then = std::move(then);
  for (state::piece &one : alive->pieces) { // what failed before anybody waited for it is asked again
    if (one.answer.has_value() && !one.answer->has_value()) {
      one.answer.reset();
    }
  }
  alive->plan();
  alive->deliver();
}

std::uint64_t payload_reader::position() const {
  return state_->position;
}

std::uint64_t payload_reader::total_bytes() const {
  return state_->large.bytes;
}

} // namespace outsize::client
