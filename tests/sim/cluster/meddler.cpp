#include "sim/cluster/meddler.hpp"

#include "sim/cluster/rewrite.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <vector>

namespace outsize::sim {

namespace {

/// What a store may be refused with: all that does not say that the sequencer itself has been replaced.
const std::vector<code> &refusals() {
  static const std::vector<code> all = {code::too_large,  code::too_large, code::malformed,    code::checksum_mismatch,
                                        code::overloaded, code::disk_full, code::out_of_order, code::offset_occupied};
  return all;
}

/// Messages that may come twice without harm: questions that change nothing or are idempotent, and answers, of which
/// the second is to a question that is no longer asked.
bool may_come_twice(wire::kind what) {
  switch (what) {
  case wire::kind::store:
  case wire::kind::seal:
  case wire::kind::release:
  case wire::kind::fetch:
  case wire::kind::list_entries:
  case wire::kind::read:
  case wire::kind::find_tail:
  case wire::kind::fetch_set:
  case wire::kind::read_payload:
  case wire::kind::sync_metadata:
  case wire::kind::update_metadata:
  case wire::kind::stored:
  case wire::kind::sealed:
  case wire::kind::fetched:
  case wire::kind::entries:
  case wire::kind::records:
  case wire::kind::tail:
  case wire::kind::appended:
  case wire::kind::append_opened:
  case wire::kind::piece_taken:
  case wire::kind::append_finished:
  case wire::kind::payload_piece:
  case wire::kind::set_fetched:
  case wire::kind::metadata:
  case wire::kind::metadata_updated:
    return true;
  default:
    return false;
  }
}

} // namespace

meddler::meddler(world &in, const scenario &plan) : world_(in), wanted_(plan.faults), random_(in.fork()) {}

tampering meddler::look(sighting &message) {
  const auto envelope = wire::decode_envelope(message.parts.front().span());
  if (resting_ || !envelope) {
    return tampering::pass;
  }
  if (envelope->what == wire::kind::store) {
    const auto store = wire::decode<wire::store>(message.parts.front());
    if (store && store->flags == 0) {
      first_stores_.emplace(message.connection, envelope->number);
    }
  }
  if (envelope->what == wire::kind::stored && is_answer_to_first_store(message, envelope->number) &&
      random_.millionths(wanted_.refusal_millionths)) {
    refuse(message);
  }
  if (may_come_twice(envelope->what) && random_.millionths(wanted_.duplicate_millionths)) {
    world_.judge.seen().add("fault/duplicate");
    world_.say("meddler",
               fmt::format("a {} from {} to {} comes twice", wire::name_of(envelope->what), message.from, message.to));
    return tampering::twice;
  }
  return tampering::pass;
}

bool meddler::is_answer_to_first_store(const sighting &message, std::uint64_t number) {
  return first_stores_.erase({message.connection, number}) != 0;
}

void meddler::refuse(sighting &message) {
  wire::refusal why;
  why.why = random_.pick(refusals());
  why.at = wire::stage::storage;
  why.text = "as the simulation wished";
  if (why.why == code::too_large) {
    why.limit_bytes = random_.between(wire::message_limit_bytes_min, message.limit_bytes);
    why.actual_bytes = why.limit_bytes + 1;
  }
  rewrite<wire::stored>(message, [&](wire::stored &answer) {
    if (answer.refused.has_value()) {
      return;
    }
    world_.judge.seen().add("fault/store-refused");
    world_.say("meddler", fmt::format("{} refuses a store of {} with {}", message.from, message.to, name_of(why.why)));
    answer.refused = why;
  });
}

} // namespace outsize::sim
