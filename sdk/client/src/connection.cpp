#include "connection.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace outsize::client {

namespace {

constexpr auto pause_min = std::chrono::milliseconds(20);
constexpr auto pause_max = std::chrono::seconds(1);

wire::endpoint_options endpoint_options_of(const client_options &options) {
  wire::endpoint_options made;
  made.self.protocol_min = 1;
  made.self.protocol_max = 1;
  made.self.role = wire::peer_role::client;
  made.self.node = options.name;
  made.self.message_limit_bytes = options.message_limit_bytes;
  made.self.part_window_bytes = wire::part_window_bytes_default;
  // One answer may hold a record as large as any segment takes, whatever this client's own limit is.
  made.assembly_bytes_max = wire::message_limit_bytes_max;
  made.queue_bytes_max = wire::message_limit_bytes_max;
  return made;
}

std::function<std::uint64_t()> random_of(const client_options &options) {
  if (options.random) {
    return options.random;
  }
  return [source = std::make_shared<std::mt19937_64>(std::random_device{}())] { return (*source)(); };
}

} // namespace

connection::connection(std::vector<std::unique_ptr<transport_handle>> transports, const client_options &options,
                       std::function<void()> on_change)
    : addresses_(options.addresses), on_change_(std::move(on_change)),
      endpoint_(endpoint_options_of(options), *this, random_of(options)), failures_(options.addresses.size()) {
  for (std::unique_ptr<transport_handle> &transport : transports) {
    endpoint_.add_transport(std::move(transport));
  }
}

time_point connection::poll(time_point now) {
  now_ = now;
  if (!dialling_ && now >= dial_at_) {
    dial();
  }
  const time_point next = endpoint_.poll(now);
  return dialling_ ? next : std::min(next, dial_at_);
}

time_point connection::poll_used(time_point now) {
  const time_point next = endpoint_.poll_used(now);
  return dialling_ ? next : std::min(next, dial_at_);
}

void connection::dial() {
  if (addresses_.empty()) {
    dial_at_ = never;
    return;
  }
  const std::string &address = addresses_[next_ % addresses_.size()];
  const auto main = endpoint_.dial({address, wire::link_class::stores, "", true});
  const auto reads = endpoint_.dial({address, wire::link_class::reads, "", true});
  dialling_ = true;
  main_dial_ = main ? main.value() : 0;
  reads_dial_ = reads ? reads.value() : 0;
  if (!main || !reads) {
    give_up(address, main ? reads.error() : main.error());
  }
}

void connection::note_failure(const std::string &address, const error &why) {
  const auto known = std::ranges::find(addresses_, address);
  if (known == addresses_.end()) {
    return;
  }
  error named = why;
  if (named.text.find(address) == std::string::npos) {
    named.text = address + ": " + why.text;
  }
  last_code_ = why.code;
  failures_[static_cast<std::size_t>(known - addresses_.begin())] = std::move(named);
}

std::optional<error> connection::last_failure() const {
  if (addresses_.empty()) {
    return make_error(code::invalid_argument, "no address to connect to");
  }
  std::optional<error> all;
  for (const std::optional<error> &one : failures_) {
    if (one.has_value() && !all.has_value()) {
      all = one;
    } else if (one.has_value()) {
      all->text += "; " + one->text;
    }
    if (one.has_value() && one->code == last_code_) {
      all->code = one->code;
      all->remedy = one->remedy;
    }
  }
  return all;
}

bool connection::is_hopeless() const {
  return std::ranges::all_of(failures_, [](const std::optional<error> &one) {
    return one.has_value() && (one->retry() == retry_class::never || one->retry() == retry_class::after_change);
  });
}

void connection::give_up(const std::string &address, const error &why) {
  note_failure(address, why);
  // First: hanging up tells of a link that goes down, which is no news of the next address.
  dialling_ = false;
  main_ = 0;
  reads_ = 0;
  endpoint_.hang_up(std::exchange(main_dial_, 0));
  endpoint_.hang_up(std::exchange(reads_dial_, 0));
  ++next_;
  // All addresses once without a pause, then slower and slower.
  const bool round_done = next_ % addresses_.size() == 0;
  dial_at_ = round_done ? now_ + pause_ : now_;
  pause_ = round_done ? std::min<duration>(2 * pause_, pause_max) : pause_;
  on_change_();
}

result<void> connection::on_hello(const wire::hello &, const std::string &) {
  return {};
}

void connection::on_link_up(const wire::link_info &link) {
  if (link.dial == main_dial_ && main_dial_ != 0) {
    main_ = link.id;
    append_window_bytes_ = link.peer.append_window_bytes;
  } else if (link.dial == reads_dial_ && reads_dial_ != 0) {
    reads_ = link.id;
  }
  if (up()) {
    pause_ = pause_min;
    failures_.assign(addresses_.size(), std::nullopt);
    on_change_();
  }
}

void connection::on_link_down(const wire::link_info &link, const error &why) {
  if (dialling_ && (link.id == main_ || link.id == reads_)) {
    give_up(link.address, why);
  }
}

void connection::on_dial_failed(wire::dial_id dial, const std::string &address, const error &why) {
  if (dialling_ && dial != 0 && (dial == main_dial_ || dial == reads_dial_)) {
    give_up(address, why);
  }
}

wire::large_decision connection::on_large(const wire::large_offer &) {
  return wire::large_decision::taken();
}

void connection::on_message(wire::incoming &&message) {
  // Nodes ask clients nothing. Saying so keeps a newer node from waiting.
  endpoint_.answer_failure(message.link, message.number,
                           wire::to_refusal(make_error(code::unsupported, "a client answers no requests")));
}

void connection::on_misbehaviour(const std::string &address, const error &why) {
  note_failure(address, why);
}

} // namespace outsize::client
