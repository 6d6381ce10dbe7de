// The number of each kind of message. Numbers are never reused.
#pragma once

#include <cstdint>

namespace outsize::wire {

enum class kind : std::uint16_t {
  hello = 1,
  welcome = 2,
  goodbye = 3,
  ping = 4,
  pong = 5,
  part = 6,
  credit = 7,
  failure = 8,
  withdraw = 9,

  append = 16,
  appended = 17,
  read = 18,
  records = 19,
  find_tail = 20,
  tail = 21,
  open_append = 22,
  append_opened = 23,
  append_piece = 24,
  piece_taken = 25,
  finish_append = 26,
  append_finished = 27,
  abandon_append = 28,
  read_payload = 30,
  payload_piece = 31,

  store = 32,
  stored = 33,
  seal = 34,
  sealed = 35,
  fetch = 36,
  fetched = 37,
  list_entries = 38,
  entries = 39,
  describe_segment = 40,
  segment_state = 41,
  release = 42,
  fetch_set = 44,
  set_fetched = 45,

  sync_metadata = 48,
  metadata = 49,
  update_metadata = 50,
  metadata_updated = 51,

  command = 64,
  command_result = 65,
};

} // namespace outsize::wire
