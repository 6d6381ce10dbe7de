// Using a transport: one opened instance behind a C++ face, for hosts, clients and test suites.
//
// Thread rule: one thread at a time. Events come from inside poll, on the thread that called it.
#pragma once

#include <outsize/abi/transport.h>
#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outsize {

/// An event with the C taken out. References point into the call and end with it; `parts` may be moved from.
struct transport_event {
  enum class kind : std::uint32_t {
    link_up = OUTSIZE_EVENT_LINK_UP,
    link_down = OUTSIZE_EVENT_LINK_DOWN,
    message = OUTSIZE_EVENT_MESSAGE,
    completion = OUTSIZE_EVENT_COMPLETION,
    writable = OUTSIZE_EVENT_WRITABLE,
    oversize = OUTSIZE_EVENT_OVERSIZE,
  };
  transport_event::kind what{};
  outsize_link link = 0;
  std::uint64_t token = 0;
  std::vector<buffer> parts;
  error why; ///< code::ok when the event carries none
  std::string peer;
  std::uint64_t actual_bytes = 0;
  std::uint64_t limit_bytes = 0;
};

class transport_handle {
public:
  using on_event = std::function<void(transport_event &&)>;

  struct options {
    const outsize_host *host = nullptr; ///< outlives the handle
    std::span<const outsize_param_value> params;
    std::uint64_t message_bytes_max = 0;
    std::uint64_t memory_bytes_max = 0;
  };
  enum class sent { queued, done, busy };

  /// Makes an instance of `api`, which outlives the handle.
  static result<std::unique_ptr<transport_handle>> open(const outsize_transport_api *api, const options &how) {
    std::unique_ptr<transport_handle> made(new transport_handle(api));
    outsize_transport_open open{};
    open.struct_size = sizeof open;
    open.param_count = static_cast<std::uint32_t>(how.params.size());
    open.host = how.host;
    open.params = how.params.data();
    open.message_bytes_max = how.message_bytes_max;
    open.memory_bytes_max = how.memory_bytes_max;
    open.sink = made.get();
    open.on_event = &transport_handle::receive;
    outsize_error why = empty_abi_error();
    if (api->create(&open, &made->self_, &why) == 0) {
      made->self_ = nullptr;
      return from_abi(why);
    }
    return made;
  }

  transport_handle(const transport_handle &) = delete;
  transport_handle &operator=(const transport_handle &) = delete;
  ~transport_handle() {
    handler_ = nullptr; // destroy delivers nothing; this makes sure of it
    if (self_ != nullptr) {
      api_->destroy(self_);
    }
  }

  /// Who gets the events; set before the first poll.
  void set_handler(on_event handler) { handler_ = std::move(handler); }

  [[nodiscard]] bool serves(std::string_view address) const {
    const std::string_view scheme = address.substr(0, address.find("://"));
    for (std::uint32_t i = 0; i < api_->scheme_count; ++i) {
      if (scheme == api_->schemes[i]) {
        return true;
      }
    }
    return false;
  }

  /// The address really bound.
  result<std::string> listen(const std::string &address) {
    std::array<char, 512> bound{};
    outsize_error why = empty_abi_error();
    if (api_->listen(self_, address.c_str(), bound.data(), bound.size(), &why) == 0) {
      return from_abi(why);
    }
    return std::string(bound.data());
  }
  result<outsize_link> connect(const std::string &address, std::uint64_t token) {
    outsize_link link = 0;
    outsize_error why = empty_abi_error();
    if (api_->connect(self_, address.c_str(), token, &link, &why) == 0) {
      return from_abi(why);
    }
    return link;
  }
  void disconnect(outsize_link link) { api_->disconnect(self_, link); }
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) {
    outsize_error why = empty_abi_error();
    if (api_->set_link_limit(self_, link, bytes, &why) == 0) {
      return from_abi(why);
    }
    return {};
  }
  /// Takes `parts` over unless the answer is busy or an error; then they are as they were.
  result<sent> send(outsize_link link, std::vector<buffer> &parts, std::uint64_t token) {
    scratch_.clear();
    for (const buffer &part : parts) {
      scratch_.push_back(part.part());
    }
    outsize_message message{sizeof(outsize_message), static_cast<std::uint32_t>(scratch_.size()), scratch_.data()};
    outsize_error why = empty_abi_error();
    switch (api_->send(self_, link, &message, token, &why)) {
    case OUTSIZE_SEND_QUEUED:
      forget(parts);
      return sent::queued;
    case OUTSIZE_SEND_DONE:
      forget(parts);
      return sent::done;
    case OUTSIZE_SEND_BUSY:
      return sent::busy;
    default:
      return from_abi(why);
    }
  }
  time_point poll(std::uint32_t budget, time_point now) {
    return time_from_abi(api_->poll(self_, budget, to_abi(now)));
  }
  [[nodiscard]] int event_fd() { return api_->event_fd(self_); }
  [[nodiscard]] bool link_stats(outsize_link link, outsize_link_stats &stats) {
    stats = {};
    stats.struct_size = sizeof stats;
    return api_->link_stats(self_, link, &stats) != 0;
  }
  void begin_close() { api_->begin_close(self_); }
  [[nodiscard]] bool closed() { return api_->closed(self_) != 0; }

private:
  explicit transport_handle(const outsize_transport_api *api) : api_(api) {}

  static void forget(std::vector<buffer> &parts) {
    for (buffer &part : parts) {
      (void)part.detach(); // the plugin owns these references now
    }
    parts.clear();
  }

  static void receive(void *sink, const outsize_event *event) {
    auto *self = static_cast<transport_handle *>(sink);
    transport_event seen;
    seen.what = static_cast<transport_event::kind>(event->kind);
    seen.link = event->link;
    seen.token = event->token;
    seen.why.code = code::ok;
    if (event->kind == OUTSIZE_EVENT_MESSAGE) {
      for (std::uint32_t i = 0; i < event->part_count; ++i) {
        seen.parts.push_back(buffer::adopt(event->parts[i]));
      }
    }
    if (event->error != nullptr) {
      seen.why = from_abi(*event->error);
    }
    if (event->peer != nullptr) {
      seen.peer = event->peer;
    }
    seen.actual_bytes = event->actual_bytes;
    seen.limit_bytes = event->limit_bytes;
    if (self->handler_) {
      self->handler_(std::move(seen));
    }
  }

  const outsize_transport_api *api_;
  outsize_transport *self_ = nullptr;
  on_event handler_;
  std::vector<outsize_part> scratch_;
};

} // namespace outsize
