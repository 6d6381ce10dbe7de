#include "scripted_net.hpp"

#include <algorithm>
#include <cstring>

namespace outsize::wire::test {
namespace {

constexpr const char *service_id = "test.scripted-net";

std::uint64_t size_of_parts(std::span<const buffer> parts) {
  std::uint64_t size = 0;
  for (const buffer &part : parts) {
    size += part.size();
  }
  return size;
}

} // namespace

scripted_net::scripted_net() {
  host_.struct_size = sizeof host_;
  host_.context = this;
  host_.log = [](void *, std::uint32_t, const char *, const char *) {};
  host_.now_ns = [](void *self) { return to_abi(static_cast<scripted_net *>(self)->now_); };
  host_.random = [](void *) { return std::uint64_t{4}; };
  host_.get_service = [](void *self, const char *id) -> const void * {
    return std::strcmp(id, service_id) == 0 ? self : nullptr;
  };
}

std::unique_ptr<transport_handle> scripted_net::open_transport(std::uint64_t message_limit_bytes) {
  transport_handle::options how;
  how.host = &host_;
  how.message_bytes_max = message_limit_bytes;
  how.memory_bytes_max = 2 * message_limit_bytes;
  return std::move(transport_handle::open(transport_api<scripted_transport>(), how)).value();
}

void scripted_net::cut_all(const error &why) {
  for (scripted_transport *one : transports_) {
    for (auto &[link, state] : one->links_) {
      one->end(link, why, now_);
    }
  }
}

result<std::unique_ptr<transport>> scripted_transport::create(const transport_setup &setup) {
  auto *net = const_cast<scripted_net *>(setup.host.service<scripted_net>(service_id));
  return std::unique_ptr<transport>(std::make_unique<scripted_transport>(setup, *net));
}

scripted_transport::scripted_transport(const transport_setup &setup, scripted_net &net)
    : net_(net), events_(setup.events), limit_bytes_(setup.message_bytes_max) {
  net_.transports_.push_back(this);
}

scripted_transport::~scripted_transport() {
  begin_close();
  std::erase(net_.transports_, this);
  for (scripted_transport *other : net_.transports_) {
    for (auto &[link, state] : other->links_) {
      state.far = state.far == this ? nullptr : state.far; // half-open ones have not heard
    }
  }
}

scripted_transport::link_state *scripted_transport::find(outsize_link link) {
  const auto found = links_.find(link);
  return found == links_.end() || found->second.ending ? nullptr : &found->second;
}

result<std::string> scripted_transport::listen(std::string_view address) {
  if (!net_.listeners_.try_emplace(std::string(address), this).second) {
    return make_error(code::address_in_use, std::string(address));
  }
  listening_.emplace_back(address);
  return std::string(address);
}

result<outsize_link> scripted_transport::connect(std::string_view address, std::uint64_t token) {
  ++net_.connections_;
  const outsize_link link = ++last_link_;
  link_state &mine = links_[link];
  mine.token = token;
  mine.listener = address;
  mine.stats.limit_bytes = limit_bytes_;
  const auto listener = net_.listeners_.find(std::string(address));
  if (net_.refuses_connections || listener == net_.listeners_.end()) {
    end(link, make_error(code::link_down, "connection refused"), net_.now_);
    return link;
  }
  scripted_transport &far = *listener->second;
  mine.far = &far;
  mine.far_link = ++far.last_link_;
  link_state &other = far.links_[mine.far_link];
  other.far = this;
  other.far_link = link;
  other.listener = address;
  other.is_listener = true;
  other.stats.limit_bytes = far.limit_bytes_;
  const time_point when = net_.now_ + net_.delay;
  plan(when, {OUTSIZE_EVENT_LINK_UP, link, token, {}, {}, std::string(address)});
  far.plan(when, {OUTSIZE_EVENT_LINK_UP, mine.far_link, 0, {}, {}, "dialler-" + std::to_string(mine.far_link)});
  return link;
}

void scripted_transport::forget_messages(outsize_link link) {
  std::erase_if(planned_, [&](const auto &one) { return one.second.link == link; });
}

void scripted_transport::end(outsize_link link, const error &why, time_point when) {
  link_state *mine = find(link);
  if (mine == nullptr) {
    return;
  }
  mine->ending = true;
  forget_messages(link);
  plan(when, {OUTSIZE_EVENT_LINK_DOWN, link, mine->token, {}, why, {}});
  if (mine->far != nullptr && !net_.is_mute) {
    mine->far->end(mine->far_link, make_error(code::link_down, "the other side closed"), when + net_.delay);
  }
}

void scripted_transport::disconnect(outsize_link link) {
  end(link, make_error(code::cancelled, "disconnected"), net_.now_);
}

result<void> scripted_transport::set_link_limit(outsize_link link, std::uint64_t bytes) {
  link_state *mine = find(link);
  if (mine == nullptr || bytes > mine->stats.limit_bytes) {
    return make_error(code::invalid_argument, "the limit of a link only goes down");
  }
  mine->stats.limit_bytes = bytes;
  return {};
}

result<send_outcome> scripted_transport::send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) {
  link_state *mine = find(link);
  if (mine == nullptr) {
    return make_error(code::link_down, "no such link");
  }
  if (result<void> possible = check_part_count(parts.size()); !possible) {
    return std::move(possible).error();
  }
  const std::uint64_t bytes = size_of_parts(parts);
  if (result<void> fits = check_message_size(bytes, mine->stats.limit_bytes, mine->listener); !fits) {
    return std::move(fits).error();
  }
  if (mine->stats.queued_bytes > 0 && mine->stats.queued_bytes + bytes > net_.queued_bytes_max) {
    mine->wants_writable = true;
    return send_outcome::busy;
  }
  if (net_.tap) {
    net_.tap(mine->listener, mine->is_listener, {parts.begin(), parts.end()});
  }
  time_point left = std::max(net_.now_, mine->free_at);
  if (net_.bytes_per_ms > 0) {
    left += std::chrono::nanoseconds(bytes * 1'000'000 / net_.bytes_per_ms);
  }
  mine->free_at = left;
  mine->stats.queued_bytes += bytes;
  mine->stats.bytes_sent += bytes;
  ++mine->stats.messages_sent;
  plan(left, {OUTSIZE_EVENT_COMPLETION, link, token, {}, {}, {}, bytes});
  if (!net_.is_mute && mine->far != nullptr) {
    mine->far->plan(left + net_.delay,
                    {OUTSIZE_EVENT_MESSAGE, mine->far_link, 0, {parts.begin(), parts.end()}, {}, {}, bytes});
  }
  return send_outcome::queued;
}

void scripted_transport::tell(happening &what) {
  switch (what.kind) {
  case OUTSIZE_EVENT_LINK_UP:
    events_.link_up(what.link, what.token, what.peer);
    return;
  case OUTSIZE_EVENT_LINK_DOWN:
    links_.erase(what.link);
    events_.link_down(what.link, what.token, what.why);
    return;
  case OUTSIZE_EVENT_MESSAGE:
    if (link_state *mine = find(what.link); mine != nullptr) {
      mine->stats.bytes_received += what.bytes;
      ++mine->stats.messages_received;
      events_.message(what.link, std::move(what.parts));
    }
    return;
  default:
    if (link_state *mine = find(what.link); mine != nullptr) {
      mine->stats.queued_bytes -= what.bytes;
      const bool writable = std::exchange(mine->wants_writable, false);
      events_.completion(what.link, what.token, nullptr);
      if (writable) {
        events_.writable(what.link);
      }
    }
  }
}

time_point scripted_transport::poll(std::uint32_t budget, time_point now) {
  net_.now_ = std::max(net_.now_, now);
  for (std::uint32_t told = 0; told < budget && !planned_.empty() && planned_.begin()->first <= now; ++told) {
    happening what = std::move(planned_.extract(planned_.begin()).mapped());
    tell(what);
  }
  return planned_.empty() ? never : planned_.begin()->first;
}

bool scripted_transport::link_stats(outsize_link link, outsize_link_stats &stats) {
  const link_state *mine = find(link);
  if (mine != nullptr) {
    stats = mine->stats;
    stats.queued_bytes_max = net_.queued_bytes_max;
  }
  return mine != nullptr;
}

void scripted_transport::begin_close() {
  closing_ = true;
  for (const std::string &address : std::exchange(listening_, {})) {
    net_.listeners_.erase(address);
  }
  for (auto &[link, state] : links_) {
    end(link, make_error(code::closed, "closed"), net_.now_);
  }
}

} // namespace outsize::wire::test
