// What each kind of message is to an endpoint.
#pragma once

#include <outsize/wire/messages.hpp>

namespace outsize::wire {

enum class kind_role {
  link,    ///< the endpoint's own: hello, ping, part, …
  request, ///< to be answered once, quoting its number
  answer,  ///< to a request, or a failure
  one_way, ///< number 0, no answer
  unknown, ///< from a newer version
};

constexpr kind_role role_of(kind what) {
  switch (what) {
  case kind::hello:
  case kind::welcome:
  case kind::goodbye:
  case kind::ping:
  case kind::pong:
  case kind::part:
  case kind::credit:
  case kind::withdraw:
    return kind_role::link;
  case kind::append:
  case kind::read:
  case kind::find_tail:
  case kind::open_append:
  case kind::append_piece:
  case kind::finish_append:
  case kind::read_payload:
  case kind::store:
  case kind::seal:
  case kind::fetch:
  case kind::list_entries:
  case kind::describe_segment:
  case kind::fetch_set:
  case kind::sync_metadata:
  case kind::update_metadata:
  case kind::command:
    return kind_role::request;
  case kind::failure:
  case kind::appended:
  case kind::records:
  case kind::tail:
  case kind::append_opened:
  case kind::piece_taken:
  case kind::append_finished:
  case kind::payload_piece:
  case kind::stored:
  case kind::sealed:
  case kind::fetched:
  case kind::entries:
  case kind::segment_state:
  case kind::set_fetched:
  case kind::metadata:
  case kind::metadata_updated:
  case kind::command_result:
    return kind_role::answer;
  case kind::release:
  case kind::abandon_append:
    return kind_role::one_way;
  }
  return kind_role::unknown;
}

/// Asked by nodes of the cluster only: whoever may say these can change or end a log.
constexpr bool is_between_nodes(kind what) {
  switch (what) {
  case kind::store:
  case kind::seal:
  case kind::fetch:
  case kind::list_entries:
  case kind::describe_segment:
  case kind::fetch_set:
  case kind::release:
  case kind::sync_metadata:
  case kind::update_metadata:
    return true;
  default:
    return false;
  }
}

/// The kind that answers requests of kind `what` unless a failure does: always the next number.
constexpr kind answer_to(kind what) {
  return static_cast<kind>(static_cast<std::uint16_t>(what) + 1);
}
static_assert(answer_to(kind::append) == kind::appended && answer_to(kind::read) == kind::records &&
              answer_to(kind::find_tail) == kind::tail && answer_to(kind::open_append) == kind::append_opened &&
              answer_to(kind::append_piece) == kind::piece_taken &&
              answer_to(kind::finish_append) == kind::append_finished &&
              answer_to(kind::read_payload) == kind::payload_piece && answer_to(kind::fetch_set) == kind::set_fetched &&
              answer_to(kind::store) == kind::stored && answer_to(kind::seal) == kind::sealed &&
              answer_to(kind::fetch) == kind::fetched && answer_to(kind::list_entries) == kind::entries &&
              answer_to(kind::describe_segment) == kind::segment_state &&
              answer_to(kind::sync_metadata) == kind::metadata &&
              answer_to(kind::update_metadata) == kind::metadata_updated &&
              answer_to(kind::command) == kind::command_result);

} // namespace outsize::wire
