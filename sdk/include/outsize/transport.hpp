// Writing a transport: derive from outsize::transport, export with transport_component. The contract, rule by rule,
// is in <outsize/abi/transport.h>; this layer only takes the C out of it.
//
// A class T needs
//   static constexpr std::array<const char *, N> schemes;
//   static std::span<const outsize_param> params();               // may be empty
//   static outsize::result<std::unique_ptr<outsize::transport>> create(const outsize::transport_setup &);
#pragma once

#include <outsize/abi/transport.h>
#include <outsize/buffer.hpp>
#include <outsize/host.hpp>
#include <outsize/module.hpp>
#include <outsize/params.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace outsize {

/// What a transport tells the host. Only to be used from inside poll (rule T-04).
class transport_events {
public:
  transport_events(void *sink, void (*on_event)(void *, const outsize_event *)) : sink_(sink), on_event_(on_event) {}

  void link_up(outsize_link link, std::uint64_t token, const std::string &peer) const {
    outsize_event event = made(OUTSIZE_EVENT_LINK_UP, link);
    event.token = token;
    event.peer = peer.c_str();
    on_event_(sink_, &event);
  }
  void link_down(outsize_link link, std::uint64_t token, const error &why) const {
    outsize_error detail = empty_abi_error();
    to_abi(why, &detail);
    outsize_event event = made(OUTSIZE_EVENT_LINK_DOWN, link);
    event.token = token;
    event.error = &detail;
    on_event_(sink_, &event);
  }
  /// Hands the references of `parts` over. The first is the header part.
  void message(outsize_link link, std::vector<buffer> parts) const {
    std::vector<outsize_part> raw;
    raw.reserve(parts.size());
    for (buffer &part : parts) {
      raw.push_back(part.detach());
    }
    outsize_event event = made(OUTSIZE_EVENT_MESSAGE, link);
    event.parts = raw.data();
    event.part_count = static_cast<std::uint32_t>(raw.size());
    on_event_(sink_, &event);
  }
  /// `why` null: the message was handed to the wire.
  void completion(outsize_link link, std::uint64_t token, const error *why) const {
    outsize_error detail = empty_abi_error();
    outsize_event event = made(OUTSIZE_EVENT_COMPLETION, link);
    event.token = token;
    if (why != nullptr) {
      to_abi(*why, &detail);
      event.error = &detail;
    }
    on_event_(sink_, &event);
  }
  void writable(outsize_link link) const {
    const outsize_event event = made(OUTSIZE_EVENT_WRITABLE, link);
    on_event_(sink_, &event);
  }
  void oversize(outsize_link link, const std::string &peer, std::uint64_t actual_bytes,
                std::uint64_t limit_bytes) const {
    outsize_event event = made(OUTSIZE_EVENT_OVERSIZE, link);
    event.peer = peer.c_str();
    event.actual_bytes = actual_bytes;
    event.limit_bytes = limit_bytes;
    on_event_(sink_, &event);
  }

private:
  static outsize_event made(std::uint32_t kind, outsize_link link) {
    outsize_event event{};
    event.struct_size = sizeof event;
    event.kind = kind;
    event.link = link;
    return event;
  }
  void *sink_;
  void (*on_event_)(void *, const outsize_event *);
};

/// What create gets. `params` is borrowed for the call; the rest may be copied and kept.
struct transport_setup {
  host_services host;
  param_view params;
  std::uint64_t message_bytes_max;
  std::uint64_t memory_bytes_max;
  transport_events events;
};

enum class send_outcome : std::int32_t {
  queued = OUTSIZE_SEND_QUEUED, ///< parts taken over; one completion follows
  done = OUTSIZE_SEND_DONE,     ///< parts taken over and let go of; no completion follows
  busy = OUTSIZE_SEND_BUSY,     ///< parts stay with the caller; writable follows
};

/// The count check that every transport makes (rule T-08).
inline result<void> check_part_count(std::size_t parts) {
  if (parts > 0 && parts <= OUTSIZE_MESSAGE_PARTS_MAX) {
    return {};
  }
  return make_error(code::invalid_argument, "a message of " + std::to_string(parts) + " parts; 1 to " +
                                                std::to_string(OUTSIZE_MESSAGE_PARTS_MAX) + " are possible");
}

/// The size check that every transport makes first, so that all of them say it in the same words (rule T-02).
inline result<void> check_message_size(std::uint64_t actual_bytes, std::uint64_t limit_bytes, const std::string &peer) {
  if (actual_bytes <= limit_bytes) {
    return {};
  }
  error why = size_error(code::too_large,
                         "message of " + std::to_string(actual_bytes) + " bytes is over the limit of the link to " +
                             (peer.empty() ? std::string("?") : peer) + ", " + std::to_string(limit_bytes) + " bytes",
                         actual_bytes, limit_bytes);
  why.peer = peer;
  return why;
}

/// A transport, as its author writes it. The functions mean what their namesakes in outsize_transport_api mean.
class transport {
public:
  transport() = default;
  transport(const transport &) = delete;
  transport &operator=(const transport &) = delete;
  virtual ~transport() = default;

  /// Returns the address really bound.
  virtual result<std::string> listen(std::string_view address) = 0;
  virtual result<outsize_link> connect(std::string_view address, std::uint64_t token) = 0;
  virtual void disconnect(outsize_link link) = 0;
  virtual result<void> set_link_limit(outsize_link link, std::uint64_t bytes) = 0;
  /// `parts` are borrowed: a transport that answers queued or done has taken its own references (copied the buffers).
  virtual result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) = 0;
  /// Returns when it wants to run next; outsize::never = only by event_fd.
  virtual time_point poll(std::uint32_t budget, time_point now) = 0;
  virtual int event_fd() = 0;
  /// Fills all but struct_size. False for an unknown link.
  virtual bool link_stats(outsize_link link, outsize_link_stats &stats) = 0;
  virtual void begin_close() = 0;
  virtual bool closed() = 0;
};

namespace detail {

inline transport *self_of(outsize_transport *self) {
  return reinterpret_cast<transport *>(self);
}

template <class T>
std::int32_t transport_create(const outsize_transport_open *open, outsize_transport **out, outsize_error *error) {
  return guarded(error, [&]() -> std::int32_t {
    const transport_setup setup{host_services(open->host), param_view(open->params, open->param_count),
                                open->message_bytes_max, open->memory_bytes_max,
                                transport_events(open->sink, open->on_event)};
    result<std::unique_ptr<transport>> made = T::create(setup);
    if (!made) {
      to_abi(made.error(), error);
      return 0;
    }
    *out = reinterpret_cast<outsize_transport *>(made.value().release());
    return 1;
  });
}

inline std::int32_t transport_listen(outsize_transport *self, const char *address, char *bound,
                                     std::uint32_t bound_bytes, outsize_error *error) {
  return guarded(error, [&]() -> std::int32_t {
    const result<std::string> outcome = self_of(self)->listen(address);
    if (!outcome) {
      to_abi(outcome.error(), error);
      return 0;
    }
    if (bound != nullptr && bound_bytes > 0) {
      copy_text(outcome.value(), bound, bound_bytes);
    }
    return 1;
  });
}

inline std::int32_t transport_connect(outsize_transport *self, const char *address, std::uint64_t token,
                                      outsize_link *link, outsize_error *error) {
  return guarded(error, [&]() -> std::int32_t {
    const result<outsize_link> outcome = self_of(self)->connect(address, token);
    if (!outcome) {
      to_abi(outcome.error(), error);
      return 0;
    }
    *link = outcome.value();
    return 1;
  });
}

inline void transport_disconnect(outsize_transport *self, outsize_link link) {
  guarded(nullptr, [&]() -> std::int32_t {
    self_of(self)->disconnect(link);
    return 1;
  });
}

inline std::int32_t transport_set_link_limit(outsize_transport *self, outsize_link link, std::uint64_t bytes,
                                             outsize_error *error) {
  return guarded(error, [&] { return answer(self_of(self)->set_link_limit(link, bytes), error); });
}

inline std::int32_t transport_send(outsize_transport *self, outsize_link link, const outsize_message *message,
                                   std::uint64_t token, outsize_error *error) {
  return guarded(error, [&]() -> std::int32_t {
    // Adopted for the call. On success the host's references end with `parts`; on failure they go back to it.
    std::vector<buffer> parts;
    parts.reserve(message->part_count);
    for (std::uint32_t i = 0; i < message->part_count; ++i) {
      parts.push_back(buffer::share(message->parts[i]));
    }
    const result<send_outcome> outcome = self_of(self)->send(link, parts, token);
    if (!outcome) {
      to_abi(outcome.error(), error);
      return OUTSIZE_SEND_FAILED;
    }
    if (outcome.value() != send_outcome::busy) {
      for (std::uint32_t i = 0; i < message->part_count; ++i) {
        (void)buffer::adopt(message->parts[i]);
      }
    }
    return static_cast<std::int32_t>(outcome.value());
  });
}

inline std::uint64_t transport_poll(outsize_transport *self, std::uint32_t budget, std::uint64_t now_ns) {
  std::uint64_t next = 0; // an exception leaves 0: call again at once, so that a broken plugin shows itself
  guarded(nullptr, [&]() -> std::int32_t {
    next = to_abi(self_of(self)->poll(budget, time_from_abi(now_ns)));
    return 1;
  });
  return next;
}

inline std::int32_t transport_event_fd(outsize_transport *self) {
  return self_of(self)->event_fd();
}

inline std::int32_t transport_link_stats(outsize_transport *self, outsize_link link, outsize_link_stats *stats) {
  return guarded(nullptr, [&]() -> std::int32_t {
    outsize_link_stats filled{};
    if (!self_of(self)->link_stats(link, filled)) {
      return 0;
    }
    const std::uint32_t room = std::min<std::uint32_t>(stats->struct_size, sizeof filled);
    filled.struct_size = room;
    std::memcpy(stats, &filled, room);
    return 1;
  });
}

inline void transport_begin_close(outsize_transport *self) {
  guarded(nullptr, [&]() -> std::int32_t {
    self_of(self)->begin_close();
    return 1;
  });
}

inline std::int32_t transport_closed(outsize_transport *self) {
  return guarded(nullptr, [&]() -> std::int32_t { return self_of(self)->closed() ? 1 : 0; });
}

inline void transport_destroy(outsize_transport *self) {
  delete self_of(self);
}

} // namespace detail

/// The function table of transport class T; static.
template <class T> const outsize_transport_api *transport_api() {
  static const outsize_transport_api api = {sizeof(outsize_transport_api),
                                            static_cast<std::uint32_t>(T::schemes.size()),
                                            T::schemes.data(),
                                            &detail::transport_create<T>,
                                            &detail::transport_listen,
                                            &detail::transport_connect,
                                            &detail::transport_disconnect,
                                            &detail::transport_set_link_limit,
                                            &detail::transport_send,
                                            &detail::transport_poll,
                                            &detail::transport_event_fd,
                                            &detail::transport_link_stats,
                                            &detail::transport_begin_close,
                                            &detail::transport_closed,
                                            &detail::transport_destroy};
  return &api;
}

template <class T> outsize_component transport_component(const char *name, const char *documentation) {
  return detail::component(OUTSIZE_TRANSPORT_KIND, name, documentation, transport_api<T>(), T::params());
}

} // namespace outsize
