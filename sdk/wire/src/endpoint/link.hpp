// One link of an endpoint, from the attempt to open it to its end.
#pragma once

#include "outbox.hpp"
#include "parts_inbox.hpp"

#include <outsize/wire/endpoint.hpp>
#include <outsize/wire/timers.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace outsize::wire {

struct link;

/// A transport and the links on it.
struct transport_slot {
  std::unique_ptr<transport_handle> handle;
  std::unordered_map<outsize_link, link *> links;
  bool has_fd = false;
  bool used_since_poll = false; ///< was given work that its last poll did not know of
  time_point next_poll{};       ///< when it wanted to be polled next, by its last poll
};

enum class link_phase {
  connecting, ///< the transport is at it
  greeting,   ///< up, hellos not exchanged
  open,
  ending, ///< over for the owner; the goodbye is on its way out
};

struct pending_request {
  kind what{};
  endpoint::reply then;
  timer_id timer = 0;
};

struct link final : outbox_sink {
  endpoint::state *owner = nullptr; ///< so that a deadline's function is small enough to need no memory
  link_info info;
  transport_slot *through = nullptr;
  outsize_link raw = 0;
  link_phase phase = link_phase::connecting;

  outbox out{*this};
  parts_inbox parts;
  std::unordered_map<std::uint64_t, pending_request> requests; ///< ours, not answered
  std::unordered_set<std::uint64_t> serving;                   ///< the peer's, not answered

  timer_id phase_timer = 0; ///< connect, hello, or goodbye taking too long
  timer_id keepalive_timer = 0;
  time_point opened_at;
  time_point heard_at;   ///< when something was last seen to have come
  time_point checked_at; ///< when that was last looked at
  std::uint64_t heard_bytes = 0;
  bool pinged = false;          ///< since heard_at
  time_point took_at;           ///< when the peer was last seen to take something, or nothing waited for it
  std::uint64_t took_bytes = 0; ///< what showed that

  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;

  [[nodiscard]] bool is_open() const { return phase == link_phase::open; }
  [[nodiscard]] bool was_dialled() const { return info.dial != 0; }

  result<transport_handle::sent> hand_over(std::vector<buffer> &pieces, std::uint64_t token) override {
    result<transport_handle::sent> outcome = through->handle->send(raw, pieces, token);
    through->used_since_poll = true;
    messages_sent += outcome && *outcome != transport_handle::sent::busy ? 1 : 0;
    return outcome;
  }
};

} // namespace outsize::wire
