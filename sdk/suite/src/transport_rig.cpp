#include <outsize/suite/transport_rig.hpp>

#include <outsize/suite/catch.hpp>
#include <outsize/suite/loaded_module.hpp>

#include <poll.h>

#include <algorithm>

namespace outsize::suite {

using kind = transport_event::kind;

// ---- node

node::node(const transport_factory &factory, const outsize_host *host, const node_options &options)
    : options_(options) {
  const result<const outsize_module *> module = load_module(factory.module_path);
  if (!module) {
    FAIL(module.error().text);
  }
  const outsize_component *component = find_component(*module.value(), OUTSIZE_TRANSPORT_KIND, factory.component);
  REQUIRE(component != nullptr);
  param_texts given = factory.params;
  given.insert(given.end(), options.params.begin(), options.params.end());
  const result<param_set> params = param_set::make(*component, given);
  if (!params) {
    FAIL(params.error().text);
  }
  transport_handle::options how;
  how.host = host;
  how.params = params->values();
  how.message_bytes_max = options.message_bytes_max;
  how.memory_bytes_max = options.memory_bytes_max;
  result<std::unique_ptr<transport_handle>> opened =
      transport_handle::open(static_cast<const outsize_transport_api *>(component->api), how);
  if (!opened) {
    FAIL(opened.error().text);
  }
  handle_ = std::move(opened).value();
  handle_->set_handler([this](transport_event &&event) { take(std::move(event)); });
}

result<transport_handle::sent> node::send(outsize_link link, const message &parts, std::uint64_t token) {
  message references = parts;
  result<transport_handle::sent> answer = handle_->send(link, references, token);
  if (answer && answer.value() == transport_handle::sent::queued) {
    checker_.queued(link, token);
  }
  return answer;
}

std::uint64_t node::post(outsize_link link, const message &parts) {
  const std::uint64_t token = next_token();
  const result<transport_handle::sent> answer = send(link, parts, token);
  if (!answer) {
    FAIL("send failed: " << answer.error().text);
  }
  REQUIRE(answer.value() != transport_handle::sent::busy);
  return token;
}

result<outsize_link> node::dial(const std::string &address) {
  result<outsize_link> link = handle_->connect(address, next_token());
  if (link) {
    checker_.connecting(link.value());
  }
  return link;
}

time_point node::poll(std::uint32_t budget) {
  checker_.poll_begins(budget);
  const time_point next = handle_->poll(budget, steady_now());
  checker_.poll_ends();
  return next;
}

bool node::readable() {
  pollfd one{handle_->event_fd(), POLLIN, 0};
  return one.fd >= 0 && ::poll(&one, 1, 0) == 1;
}

outsize_link_stats node::stats(outsize_link link) {
  outsize_link_stats filled{};
  REQUIRE(handle_->link_stats(link, filled));
  return filled;
}

std::size_t node::count(kind what) const {
  return static_cast<std::size_t>(
      std::count_if(events_.begin(), events_.end(), [&](const transport_event &event) { return event.what == what; }));
}

void node::take(transport_event &&event) {
  checker_.saw(event);
  if (on_event) {
    on_event(event);
  }
  link_record &record = records_[event.link];
  switch (event.what) {
  case kind::link_up:
    record.risen = true;
    record.peer = event.peer;
    record.up_token = event.token;
    ups_.push_back(event.link);
    break;
  case kind::link_down:
    record.down = event;
    break;
  case kind::message:
    record.messages.push_back(std::move(event.parts));
    break;
  case kind::completion:
    record.completions.push_back(event);
    break;
  case kind::writable:
    ++record.writables;
    break;
  case kind::oversize:
    record.oversize = event;
    break;
  }
  event.parts.clear();
  events_.push_back(std::move(event));
}

// ---- transport_rig

transport_rig::~transport_rig() {
  if (std::uncaught_exceptions() > 0) {
    return; // the case has failed already, for a better reason
  }
  for (const std::unique_ptr<node> &one : nodes_) {
    CHECK(one->checker().breaches() == std::vector<std::string>{});
  }
}

node &transport_rig::make(const node_options &options) {
  nodes_.push_back(std::make_unique<node>(factory_, host_.table(), options));
  return *nodes_.back();
}

void transport_rig::destroy(node &gone) {
  CHECK(gone.checker().breaches() == std::vector<std::string>{});
  std::erase_if(nodes_, [&](const std::unique_ptr<node> &one) { return one.get() == &gone; });
}

std::string transport_rig::listen(node &at) {
  const result<std::string> bound = at.listen(factory_.listen_address(numbers_++));
  if (!bound) {
    FAIL("listen failed: " << bound.error().text);
  }
  return bound.value();
}

link_pair transport_rig::marry(node &from, node &to, const std::string &address) {
  const std::size_t seen = to.ups().size();
  const result<outsize_link> near = from.dial(address);
  if (!near) {
    FAIL("connect failed: " << near.error().text);
  }
  const auto accepted = [&]() -> outsize_link {
    const auto found = std::find_if(to.ups().begin() + static_cast<std::ptrdiff_t>(seen), to.ups().end(),
                                    [&](outsize_link link) { return &from != &to || link != near.value(); });
    return found == to.ups().end() ? 0 : *found;
  };
  link_record &dialled = from.at(near.value());
  REQUIRE(run_until([&] { return (dialled.risen && accepted() != 0) || dialled.down; }));
  REQUIRE(dialled.up());
  return {near.value(), accepted()};
}

std::size_t transport_rig::poll_all(std::uint32_t budget, time_point &next) {
  std::size_t events = 0;
  for (const std::unique_ptr<node> &one : nodes_) {
    if (one->held()) {
      continue;
    }
    const std::size_t before = one->events().size();
    next = std::min(next, one->poll(budget));
    events += one->events().size() - before;
  }
  return events;
}

void transport_rig::wait(time_point until) {
  std::vector<pollfd> fds;
  for (const std::unique_ptr<node> &one : nodes_) {
    if (!one->held() && one->handle().event_fd() >= 0) {
      fds.push_back({one->handle().event_fd(), POLLIN, 0});
    }
  }
  const duration left = std::max(duration::zero(), until - steady_now());
  const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
  (void)ppoll(fds.data(), fds.size(), &timeout, nullptr); // woken early or late, the loop looks again
}

bool transport_rig::run_until(const std::function<bool()> &done, std::uint32_t budget) {
  const time_point deadline = steady_now() + patience;
  // Once it is done it is not asked again: it may have taken something away to know.
  while (!done()) {
    if (steady_now() > deadline) {
      return false;
    }
    time_point next = deadline;
    if (poll_all(budget, next) != 0) {
      continue;
    }
    if (done()) {
      return true;
    }
    wait(next);
  }
  return true;
}

bool transport_rig::settle() {
  const auto readable = [this] {
    return std::any_of(nodes_.begin(), nodes_.end(), [](const auto &one) { return !one->held() && one->readable(); });
  };
  const time_point deadline = steady_now() + patience;
  while (steady_now() < deadline) {
    time_point next = never;
    if (poll_all(budget_default, next) == 0 && next > steady_now() && !readable()) {
      return true;
    }
  }
  return false;
}

message transport_rig::pass(node &from, outsize_link near, node &to, outsize_link far, const message &sent) {
  link_record &record = to.at(far);
  const std::size_t before = record.messages.size();
  from.post(near, sent);
  REQUIRE(run_until([&] { return record.messages.size() > before || record.down; }));
  REQUIRE(record.messages.size() > before);
  return record.messages[before];
}

void transport_rig::stream(node &from, outsize_link link, std::size_t count,
                           const std::function<message(std::size_t)> &make) {
  link_record &record = from.at(link);
  for (std::size_t i = 0; i < count; ++i) {
    const message next = make(i);
    const std::uint64_t token = from.next_token();
    result<transport_handle::sent> answer = from.send(link, next, token);
    while (answer && answer.value() == transport_handle::sent::busy) {
      const std::size_t before = record.writables;
      REQUIRE(run_until([&] { return record.writables > before || record.down; }));
      answer = from.send(link, next, token);
    }
    if (!answer) {
      FAIL("send " << i << " failed: " << answer.error().text);
    }
  }
}

// ---- couple

couple::couple(const transport_factory &factory, const node_options &near_options, const node_options &far_options)
    : rig(factory), near(rig.make(near_options)), far(rig.make(far_options)), address(rig.listen(far)),
      link(rig.marry(near, far, address)) {}

std::uint64_t couple::under_way_max() {
  const std::uint64_t queued = near.stats(link.near).queued_bytes_max;
  return queued + far.memory_bytes_max() + rig.factory().wire_bytes_max + near.limit();
}

std::uint64_t couple::send_until_busy(const message &one) {
  const std::uint64_t bytes_max = under_way_max();
  for (std::uint64_t taken = 0; taken <= bytes_max; taken += size_of(one)) {
    const result<transport_handle::sent> answer = near.send(link.near, one, near.next_token());
    if (!answer) {
      FAIL("send failed: " << answer.error().text);
    }
    if (answer.value() == transport_handle::sent::busy) {
      return taken;
    }
  }
  FAIL("never busy, with " << bytes_max << " bytes under way");
  return 0;
}

// ---- messages

std::vector<std::uint8_t> noise(std::uint64_t size, std::uint64_t seed) {
  std::vector<std::uint8_t> made(size);
  std::uint64_t state = seed * 0x9e3779b97f4a7c15U + 1;
  for (std::uint8_t &byte : made) {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    byte = static_cast<std::uint8_t>(state);
  }
  return made;
}

message message_of(std::uint64_t size, std::uint64_t seed) {
  return {buffer::copy_of(noise(size, seed))};
}

message parts_of(const std::vector<std::uint64_t> &sizes, std::uint64_t seed) {
  message made;
  for (const std::uint64_t size : sizes) {
    made.push_back(buffer::copy_of(noise(size, seed++)));
  }
  return made;
}

std::uint64_t size_of(const message &parts) {
  std::uint64_t sum = 0;
  for (const buffer &part : parts) {
    sum += part.size();
  }
  return sum;
}

bool same(const message &left, const message &right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const buffer &one, const buffer &other) { return one.text() == other.text(); });
}

} // namespace outsize::suite
