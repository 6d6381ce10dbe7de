#include "sim/transport/port.hpp"

#include "sim/transport/connection.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace outsize::sim {

namespace {

constexpr std::string_view scheme = "sim://";

struct parsed_address {
  std::string machine;
  std::uint32_t number = 0;
  bool has_number = false;
};

result<parsed_address> parse(const std::string &address) {
  const error wrong =
      make_error(code::invalid_argument, "not an address of the form sim://NAME or sim://NAME:NUMBER: " + address);
  if (!address.starts_with(scheme)) {
    return wrong;
  }
  parsed_address made;
  const std::string rest = address.substr(scheme.size());
  const std::size_t colon = rest.find(':');
  made.machine = rest.substr(0, colon);
  if (colon != std::string::npos) {
    const char *end = rest.data() + rest.size();
    const auto [stopped, failed] = std::from_chars(rest.data() + colon + 1, end, made.number);
    if (failed != std::errc{} || stopped != end || made.number > 65535) {
      return wrong;
    }
    made.has_number = true;
  }
  if (made.machine.empty()) {
    return wrong;
  }
  return made;
}

std::uint64_t bytes_of(const transport_event &event) {
  std::uint64_t sum = 0;
  for (const buffer &part : event.parts) {
    sum += part.size();
  }
  return sum;
}

} // namespace

port::port(network &net, std::string machine, port_limits limits)
    : net_(net), machine_(std::move(machine)), limits_(limits) {
  net_.ports_.push_back(this);
}

port::~port() {
  for (const std::string &address : listening_) {
    net_.listeners_.erase(address);
  }
  for (const auto &[link, where] : links_) {
    where.on->abandon(where.side);
  }
  std::erase(net_.ports_, this);
}

result<std::string> port::listen(const std::string &address) {
  result<parsed_address> where = parse(address);
  if (!where) {
    return where.error();
  }
  std::string bound = address;
  if (where->has_number && where->number == 0) {
    bound = std::string(scheme) + where->machine + ":" + std::to_string(++net_.last_address_);
  }
  if (!net_.listeners_.try_emplace(bound, this).second) {
    return make_error(code::address_in_use, "somebody listens on " + bound + " already");
  }
  listening_.push_back(bound);
  return bound;
}

result<outsize_link> port::connect(const std::string &address, std::uint64_t token) {
  const result<parsed_address> where = parse(address);
  if (!where) {
    return where.error();
  }
  if (where->has_number && where->number == 0) {
    return make_error(code::invalid_argument, "nobody listens on number 0: " + address);
  }
  const auto made = std::make_shared<connection>(net_, ++net_.last_connection_);
  net_.adopt(made);
  return made->dial(*this, address, token);
}

void port::disconnect(outsize_link link) {
  const auto found = links_.find(link);
  if (found != links_.end()) {
    const place where = found->second;
    where.on->close(where.side);
  }
}

result<void> port::set_limit(outsize_link link, std::uint64_t bytes) {
  const auto found = links_.find(link);
  if (found == links_.end()) {
    return make_error(code::link_down, "no such link");
  }
  return found->second.on->set_limit(found->second.side, bytes);
}

result<send_outcome> port::send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) {
  const auto found = links_.find(link);
  if (found == links_.end()) {
    return make_error(code::link_down, "no such link");
  }
  const place where = found->second;
  return where.on->send(where.side, parts, token);
}

bool port::stats(outsize_link link, outsize_link_stats &filled) const {
  const auto found = links_.find(link);
  if (found == links_.end()) {
    return false;
  }
  found->second.on->fill(found->second.side, filled);
  return true;
}

void port::begin_close() {
  for (const std::string &address : listening_) {
    net_.listeners_.erase(address);
  }
  listening_.clear();
  const auto closing = links_;
  for (const auto &[link, where] : closing) {
    where.on->close(where.side);
  }
}

bool port::closed() const {
  return links_.empty() && inbox_.empty();
}

std::optional<transport_event> port::take() {
  if (inbox_.empty()) {
    return std::nullopt;
  }
  transport_event event = std::move(inbox_.front());
  inbox_.pop_front();
  if (event.what == transport_event::kind::message) {
    inbox_bytes_ -= bytes_of(event);
    const auto waiting = links_;
    for (const auto &[link, where] : waiting) {
      where.on->go_on();
    }
  }
  return event;
}

outsize_link port::open_link(std::shared_ptr<connection> on, std::size_t side) {
  const outsize_link link = ++net_.last_link_;
  links_.emplace(link, place{std::move(on), side});
  return link;
}

void port::tell(transport_event &&event) {
  inbox_bytes_ += bytes_of(event);
  inbox_.push_back(std::move(event));
}

bool port::has_room_for(std::uint64_t bytes) const {
  return inbox_bytes_ == 0 || inbox_bytes_ + bytes <= limits_.memory_bytes_max;
}

void port::drop_messages(outsize_link link) {
  std::erase_if(inbox_, [&](const transport_event &event) {
    const bool unwanted = event.link == link && event.what != transport_event::kind::completion;
    inbox_bytes_ -= unwanted ? bytes_of(event) : 0;
    return unwanted;
  });
}

} // namespace outsize::sim
