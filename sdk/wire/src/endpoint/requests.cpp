#include "kinds.hpp"
#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// Questions of one peer that may wait for their answers here; more are answered overloaded.
constexpr std::size_t serving_max = 65'536;

/// A refusal that fits the smallest link: what a machine acts on stays, the trace goes and texts are cut.
refusal shortened(refusal from) {
  from.policy_trace.clear();
  for (std::string *text : {&from.text, &from.remedy, &from.peer, &from.limit_source, &from.log, &from.producer}) {
    text->resize(std::min<std::size_t>(text->size(), 384));
  }
  return from;
}

} // namespace

// ---- ours -----------------------------------------------------------------------------------------------------------

std::uint64_t endpoint::state::request(link_id to, outgoing message, time_point deadline, endpoint::reply then) {
  const std::uint64_t number = ++last_number;
  link *which = find_open(to);
  if (which == nullptr) {
    then(make_error(code::link_down, "link " + std::to_string(to) + " is not open"));
    return number;
  }
  if (role_of(message.what) != kind_role::request) {
    then(make_error(code::invalid_argument,
                    "a message of kind " + std::string(name_of(message.what)) + " has no answer"));
    return number;
  }
  pending_request &pending = which->requests[number];
  pending.what = message.what;
  pending.then = std::move(then);
  if (deadline != never) {
    pending.timer = timers.schedule(deadline, [which, number] { which->owner->on_deadline(*which, number); });
  }
  result<void> sent = which->out.push(
      {number, true, seal_envelope(std::move(message.header), message.what, number), std::move(message.payload)},
      message.stream);
  if (!sent) {
    finish_request(*which, number, std::move(sent).error());
  }
  settle(*which);
  return number;
}

/// Takes the request off the books, then calls: what is called may do anything.
void endpoint::state::finish_request(link &which, std::uint64_t number, result<incoming> outcome) {
  const auto found = which.requests.find(number);
  if (found == which.requests.end()) {
    return;
  }
  const endpoint::reply then = std::move(found->second.then);
  timers.cancel(found->second.timer);
  which.requests.erase(found);
  then(std::move(outcome));
}

void endpoint::state::on_answer(link &which, incoming &&message) {
  const auto found = which.requests.find(message.number);
  if (found == which.requests.end()) {
    return; // timed out or withdrawn meanwhile
  }
  const std::uint64_t number = message.number;
  if (message.what != kind::failure && message.what != answer_to(found->second.what)) {
    misbehaved(which, make_error(code::malformed, "a " + std::string(name_of(message.what)) + " as the answer to a " +
                                                      std::string(name_of(found->second.what))));
    return;
  }
  which.out.take_back(number, true); // answered before it was all sent: the rest need not be
  if (message.what != kind::failure) {
    finish_request(which, number, std::move(message));
  } else if (const result<failure> refused = decode<failure>(message.header); refused) {
    error why = to_error(refused->why);
    if (why.peer.empty()) {
      why.peer = which.info.peer.node;
    }
    finish_request(which, number, std::move(why));
  } else {
    misbehaved(which, refused.error());
    return;
  }
  settle(which);
}

void endpoint::state::on_deadline(link &which, std::uint64_t number) {
  abandon(which, number);
  finish_request(
      which, number,
      make_error(code::timed_out, "no answer from " +
                                      (which.info.peer.node.empty() ? which.info.address : which.info.peer.node) +
                                      " in time"));
}

/// Nobody waits for the answer any more: neither question nor answer need use the link.
void endpoint::state::abandon(link &which, std::uint64_t number) {
  drop_answer_parts(which, number);
  if (!which.out.take_back(number, true)) {
    send_control(which, withdraw{number}, 0);
  }
  settle(which);
}

void endpoint::state::withdraw_request(link_id to, std::uint64_t number) {
  link *which = find_open(to);
  if (which == nullptr) {
    return;
  }
  const auto found = which->requests.find(number);
  if (found == which->requests.end()) {
    return;
  }
  timers.cancel(found->second.timer);
  which->requests.erase(found);
  abandon(*which, number);
}

// ---- the peer's -----------------------------------------------------------------------------------------------------

void endpoint::state::on_request(link &which, incoming &&message) {
  if (begin_serving(which, {message.what, message.number})) {
    handler.on_message(std::move(message));
  }
}

bool endpoint::state::begin_serving(link &which, const envelope &what) {
  if (what.number == 0) {
    misbehaved(which, make_error(code::malformed, "a " + std::string(name_of(what.what)) + " without a number"));
    return false;
  }
  if (which.serving.size() >= serving_max) {
    send_failure(which, what.number,
                 to_refusal(make_error(code::overloaded,
                                       std::to_string(serving_max) + " requests of this link wait for their answers")));
    return false;
  }
  if (!which.serving.insert(what.number).second) {
    misbehaved(which, make_error(code::malformed, "number " + std::to_string(what.number) + " was used twice"));
    return false;
  }
  return true;
}

void endpoint::state::answer(link_id to, std::uint64_t number, outgoing message) {
  link *which = find_open(to);
  if (which == nullptr || which->serving.erase(number) == 0) {
    return; // gone, or withdrawn by the peer
  }
  const result<void> sent = which->out.push(
      {number, false, seal_envelope(std::move(message.header), message.what, number), std::move(message.payload)},
      message.stream);
  if (!sent) {
    send_failure(*which, number, to_refusal(sent.error()));
  }
  settle(*which);
}

void endpoint::state::answer_failure(link_id to, std::uint64_t number, const refusal &why) {
  link *which = find_open(to);
  if (which != nullptr && which->serving.erase(number) != 0) {
    send_failure(*which, number, why);
  }
}

void endpoint::state::send_failure(link &which, std::uint64_t number, const refusal &why) {
  writable_buffer header = encode(failure{why});
  if (header.size() > which.info.limit_bytes) {
    header = encode(failure{shortened(why)});
  }
  push_control(which, seal_envelope(std::move(header), kind::failure, number));
}

} // namespace outsize::wire
