#include "kinds.hpp"
#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// A message of which nothing came for so long gives way first when the budget is used up.
constexpr duration stalled_after = std::chrono::seconds(1);

error over_budget(const endpoint_options &options, std::uint64_t bytes) {
  return size_error(code::overloaded,
                    "the budget for large messages, " + std::to_string(options.assembly_bytes_max) +
                        " bytes, is used up by others",
                    bytes, options.assembly_bytes_max);
}

/// Answers were asked for; what else comes in parts is put to the owner.
bool asks_owner(kind_role role) {
  return role == kind_role::request || role == kind_role::one_way;
}

} // namespace

void endpoint::state::on_part(link &which, incoming &&message) {
  const result<part> head = decode<part>(message.header);
  if (!head) {
    misbehaved(which, head.error());
    return;
  }
  if (message.payload.empty()) {
    large_message ended = which.parts.remove(head->message);
    drop(ended);
    if (role_of(ended.what.what) == kind_role::request) {
      which.serving.erase(ended.what.number); // the sender took its question back
    }
    return;
  }
  const result<large_message *> found =
      which.parts.find(*head, message.payload, message.header.size() + message.payload.size());
  if (!found) {
    misbehaved(which, found.error());
    return;
  }
  large_message &large = **found;
  const std::uint64_t cost = parts_inbox::cost_of(message.payload);
  if ((large.is_new() && !admit(which, large)) || !make_room(which, large, cost)) {
    return;
  }
  const std::uint64_t held = large.held_bytes;
  assembly_bytes += std::max(which.parts.take(large, message.payload, now), held) - held;
  give_credit(which);
  if (!which.is_open() || !offer(which, large) || !large.is_whole()) {
    return;
  }
  large_message whole = which.parts.remove(head->message);
  if (whole.dropped) {
    return;
  }
  assembly_bytes -= whole.held_bytes;
  deliver_large(which, incoming{which.info.id, whole.what.what, whole.what.number, std::move(whole.header),
                                std::move(whole.payload)});
}

/// As deliver, for what has been admitted before.
void endpoint::state::deliver_large(link &which, incoming &&message) {
  if (role_of(message.what) != kind_role::request) {
    deliver(which, std::move(message));
  } else if (which.serving.contains(message.number)) { // else withdrawn on its way
    handler.on_message(std::move(message));
  }
}

/// Looks at a message whose first part has come. False when the link is gone after that.
bool endpoint::state::admit(link &which, large_message &large) {
  large.begun = ++last_begun;
  const kind_role role = role_of(large.what.what);
  if (role == kind_role::link) {
    misbehaved(which, make_error(code::malformed, "a " + std::string(name_of(large.what.what)) + " came in parts"));
    return false;
  }
  if (!check_allowed(which, large.what.what)) {
    return false;
  }
  if (role == kind_role::answer && !which.requests.contains(large.what.number)) {
    drop(large); // timed out or withdrawn meanwhile
    return true;
  }
  if (role == kind_role::request && !begin_serving(which, large.what)) {
    if (!which.is_open()) {
      return false; // and `large` went with the link
    }
    drop(large);
    return true;
  }
  return asks_owner(role) || check_budget(which, large); // the owner's refusal says more about the message than ours
}

/// May all of the message come? What is over the whole budget never may. False when the link is gone after that.
bool endpoint::state::check_budget(link &which, large_message &large) {
  if (large.total_bytes > options.assembly_bytes_max) {
    return refuse(which, large,
                  size_error(code::too_large,
                             "message of " + std::to_string(large.total_bytes) +
                                 " bytes is over the budget for large messages, " +
                                 std::to_string(options.assembly_bytes_max) + " bytes",
                             large.total_bytes, options.assembly_bytes_max));
  }
  if (assembly_bytes - large.held_bytes + large.total_bytes > options.assembly_bytes_max) {
    return refuse(which, large, over_budget(options, large.total_bytes));
  }
  return true;
}

/// Drops others, or the message itself, until `bytes` more are within the budget: stalled ones first, then the
/// youngest, so that the oldest always gets through. False when the link is gone after that.
bool endpoint::state::make_room(link &which, large_message &large, std::uint64_t bytes) {
  large.heard_at = now;
  while (!large.dropped && assembly_bytes + bytes > options.assembly_bytes_max) {
    link *owner = &which;
    large_message *victim = &large;
    const auto rank = [&](const large_message &one) {
      return std::pair(now - one.heard_at >= stalled_after, one.begun);
    };
    for (const auto &[id, other] : links) {
      for (auto &[name, candidate] : other->parts.messages()) {
        if (!candidate.dropped && candidate.held_bytes > 0 && rank(candidate) > rank(*victim)) {
          owner = other.get();
          victim = &candidate;
        }
      }
    }
    (void)refuse(*owner, *victim, over_budget(options, victim->total_bytes));
    if (!which.is_open()) {
      return false;
    }
  }
  return true;
}

/// Asks the owner once the header is whole. False when the link is gone after that.
bool endpoint::state::offer(link &which, large_message &large) {
  if (large.offered || large.dropped || !large.has_header()) {
    return true;
  }
  large.offered = true;
  const kind_role role = role_of(large.what.what);
  if (!asks_owner(role)) {
    return true;
  }
  const large_decision decided = handler.on_large(
      {which.info, large.what.what, large.what.number, large.header, large.total_bytes - large.header_bytes});
  if (!which.is_open()) {
    return false;
  }
  if (!decided.take && !decided.why.has_value()) {
    drop(large);
    return true;
  }
  return decided.take ? check_budget(which, large) : refuse(which, large, *decided.why);
}

void endpoint::state::give_credit(link &which) {
  const std::uint64_t part_bytes = std::min(part_bytes_max, which.info.limit_bytes);
  if (const std::uint64_t bytes = which.parts.take_credit(part_bytes); bytes > 0) {
    send_control(which, credit{bytes}, 0);
  }
}

void endpoint::state::drop(large_message &large) {
  assembly_bytes -= parts_inbox::drop(large);
}

bool endpoint::state::refuse(link &which, large_message &large, const error &why) {
  drop(large);
  const envelope what = large.what;
  switch (role_of(what.what)) {
  case kind_role::answer:
    abandon(which, what.number);
    finish_request(which, what.number, why);
    break;
  case kind_role::request:
    if (which.serving.erase(what.number) != 0) {
      send_failure(which, what.number, to_refusal(why));
    }
    break;
  case kind_role::unknown:
    if (what.number != 0) {
      send_failure(which, what.number, to_refusal(why));
    }
    break;
  case kind_role::one_way:
  case kind_role::link:
    break;
  }
  return which.is_open();
}

void endpoint::state::drop_answer_parts(link &which, std::uint64_t number) {
  for (auto &[name, large] : which.parts.messages()) {
    if (large.what.number == number && role_of(large.what.what) == kind_role::answer && !large.dropped) {
      drop(large);
    }
  }
}

} // namespace outsize::wire
