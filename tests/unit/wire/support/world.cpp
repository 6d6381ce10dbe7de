#include "world.hpp"

#include <algorithm>

namespace outsize::wire::test {
namespace {

/// Rounds at one moment after which something goes in circles.
constexpr int rounds_at_once_max = 200'000;

} // namespace

endpoint_options world::options_of(const std::string &name, std::uint64_t limit_bytes) {
  endpoint_options made;
  made.self.node = name;
  made.self.cluster_name = "test";
  made.self.message_limit_bytes = limit_bytes;
  return made;
}

test_node &world::add_node(const endpoint_options &options) {
  auto random = [this] {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_;
  };
  nodes_.push_back(std::make_unique<test_node>(options, random));
  nodes_.back()->inside.add_transport(net.open_transport(options.self.message_limit_bytes));
  return *nodes_.back();
}

time_point world::poll_all() {
  time_point next = never;
  for (const std::unique_ptr<test_node> &node : nodes_) {
    next = std::min(next, node->inside.poll(now));
  }
  for (const std::function<time_point(time_point)> &other : others) {
    next = std::min(next, other(now));
  }
  return next;
}

bool world::run_until(time_point until, const std::function<bool()> &done) {
  for (int rounds = 0; rounds < rounds_at_once_max; ++rounds) {
    // Twice: the last in a round may have given the first something to do.
    const time_point next = std::min(poll_all(), done() ? now : poll_all());
    if (done()) {
      return true;
    }
    if (next > until) {
      now = until;
      return false;
    }
    rounds = next > now ? 0 : rounds;
    now = std::max(now, next);
  }
  return false;
}

linked_pair::linked_pair(const endpoint_options &of_a, const endpoint_options &of_b)
    : a(add_node(of_a)), b(add_node(of_b)) {
  (void)b.inside.listen("scripted://b").value();
  dial_options how;
  how.address = "scripted://b";
  how.link = link_class::stores;
  dial = a.inside.dial(how).value();
  run_until([this] { return !a.ups.empty() && !b.ups.empty(); });
}

void linked_pair::answer_everything() {
  b.message_rule = [this](incoming &message) {
    if (message.what == kind::store) {
      b.inside.answer(message.link, message.number, make_outgoing(stored{}));
    } else if (message.what == kind::command) {
      b.inside.answer(message.link, message.number, make_outgoing(command_result{}));
    }
  };
}

raw_peer::raw_peer(world &in, const std::string &address) : in_(in), transport_(in.net.open_transport(1024 * mib)) {
  transport_->set_handler([this](transport_event &&event) {
    is_up = is_up || event.what == transport_event::kind::link_up;
    is_down = is_down || event.what == transport_event::kind::link_down;
    if (event.what == transport_event::kind::message) {
      received.push_back(std::move(event.parts));
    }
  });
  in_.others.emplace_back([this](time_point now) { return transport_->poll(256, now); });
  link_ = transport_->connect(address, 0).value();
}

void raw_peer::wait_up() {
  in_.run_until([this] { return is_up; });
}

void raw_peer::greet(std::uint64_t part_window_bytes, std::uint64_t limit_bytes) {
  wait_up();
  hello self;
  self.protocol_min = self.protocol_max = protocol_version;
  self.link = link_class::stores;
  self.node = "raw";
  self.message_limit_bytes = limit_bytes;
  self.part_window_bytes = part_window_bytes;
  send_message(self);
  in_.run_until([this] { return count(kind::welcome) > 0 || is_down; });
}

void raw_peer::send(buffer header, rope payload) {
  std::vector<buffer> parts{std::move(header)};
  parts.insert(parts.end(), payload.parts().begin(), payload.parts().end());
  (void)transport_->send(link_, parts, 0);
}

void raw_peer::settle() {
  in_.run_for(std::chrono::milliseconds(100));
}

std::size_t raw_peer::count(kind what) const {
  return static_cast<std::size_t>(std::count_if(received.begin(), received.end(), [&](const auto &message) {
    const result<envelope> head = decode_envelope(message.front().span());
    return head && head->what == what;
  }));
}

outgoing small_request(std::uint64_t stream) {
  return make_outgoing(command{"status", "{}"}, {}, stream);
}

rope pattern(std::uint64_t bytes) {
  writable_buffer made(bytes);
  std::uint64_t word = 0x9e3779b97f4a7c15;
  for (std::uint64_t i = 0; i < bytes; ++i) {
    word = i % 8 == 0 ? word * 6364136223846793005 + 1442695040888963407 : word >> 8;
    made.data()[i] = static_cast<std::uint8_t>(word);
  }
  return rope(std::move(made).freeze());
}

std::uint64_t header_bytes_of_store() {
  return encode(store{}).size();
}

outgoing store_of(std::uint64_t payload_bytes, std::uint64_t stream) {
  return make_outgoing(store{}, pattern(payload_bytes), stream);
}

outgoing store_message_of(std::uint64_t message_bytes, std::uint64_t stream) {
  return store_of(message_bytes - header_bytes_of_store(), stream);
}

} // namespace outsize::wire::test
