#include "state.hpp"

#include <algorithm>

namespace outsize::wire {
namespace {

/// Events that one transport may deliver before the others and the timers have their turn.
constexpr std::uint32_t events_per_poll = 512;
/// How long goodbyes may take before the transports are closed over them.
constexpr duration closing_max = std::chrono::seconds(1);

} // namespace

endpoint::state::state(endpoint_options how, endpoint_handler &who, std::function<std::uint64_t()> bits)
    : options(std::move(how)), handler(who), random(std::move(bits)) {
  hello &self = options.self;
  if (self.protocol_max == 0) {
    self.protocol_min = self.protocol_max = protocol_version;
  }
  if (self.part_window_bytes == 0) {
    self.part_window_bytes = part_window_bytes_default;
  }
}

time_point endpoint::state::poll(time_point at) {
  now = std::max(now, at);
  graveyard.clear();
  for (const std::unique_ptr<transport_slot> &slot : transports) {
    poll_transport(*slot);
  }
  timers.run(now);
  if (closing && links.empty()) {
    close_transports();
  }
  return next_time();
}

time_point endpoint::state::poll_used(time_point at) {
  now = std::max(now, at);
  for (const std::unique_ptr<transport_slot> &slot : transports) {
    if (slot->used_since_poll) {
      poll_transport(*slot);
    }
  }
  return next_time();
}

void endpoint::state::poll_transport(transport_slot &slot) {
  slot.used_since_poll = false;
  slot.next_poll = slot.handle->poll(events_per_poll, now);
}

time_point endpoint::state::next_time() const {
  time_point next = timers.next();
  for (const std::unique_ptr<transport_slot> &slot : transports) {
    next = std::min(next, slot->used_since_poll && !slot->has_fd ? now : slot->next_poll);
  }
  return next;
}

void endpoint::state::begin_close(const error &why) {
  if (std::exchange(closing, true)) {
    return;
  }
  for (auto &[id, dial] : std::exchange(dials, {})) {
    timers.cancel(dial.next_attempt);
  }
  std::vector<link_id> ids;
  for (const auto &[id, which] : links) {
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  for (const link_id id : ids) {
    if (const auto found = links.find(id); found != links.end()) {
      end_link(*found->second, why, parting::with_goodbye);
    }
  }
  timers.schedule(now + closing_max, [this] { close_transports(); });
}

void endpoint::state::close_transports() {
  if (std::exchange(closing_transports, true)) {
    return;
  }
  for (const std::unique_ptr<transport_slot> &slot : transports) {
    slot->handle->begin_close();
    slot->used_since_poll = true;
  }
}

link_counters endpoint::state::counters(link_id id) const {
  const auto found = links.find(id);
  if (found == links.end()) {
    return {};
  }
  const link &which = *found->second;
  outsize_link_stats stats{};
  (void)which.through->handle->link_stats(which.raw, stats);
  link_counters made;
  made.bytes_sent = stats.bytes_sent;
  made.bytes_received = stats.bytes_received;
  made.messages_sent = which.messages_sent;
  made.messages_received = which.messages_received;
  made.queued_bytes = which.out.queued_bytes() + stats.queued_bytes;
  made.requests_in_flight = which.requests.size();
  return made;
}

// ---- the public face ------------------------------------------------------------------------------------------------

endpoint::endpoint(endpoint_options options, endpoint_handler &handler, std::function<std::uint64_t()> random)
    : state_(std::make_unique<state>(std::move(options), handler, std::move(random))) {}

endpoint::~endpoint() = default;

void endpoint::add_transport(std::unique_ptr<transport_handle> transport) {
  auto slot = std::make_unique<transport_slot>();
  slot->handle = std::move(transport);
  slot->has_fd = slot->handle->event_fd() >= 0;
  slot->handle->set_handler([inside = state_.get(), into = slot.get()](transport_event &&event) {
    inside->on_event(*into, std::move(event));
  });
  state_->transports.push_back(std::move(slot));
}

result<std::string> endpoint::listen(const std::string &address) {
  transport_slot *through = state_->transport_for(address);
  if (through == nullptr) {
    return make_error(code::unsupported, "no transport serves the address " + address);
  }
  return through->handle->listen(address);
}

result<dial_id> endpoint::dial(dial_options options) {
  return state_->dial(std::move(options));
}

void endpoint::hang_up(dial_id dial) {
  state_->hang_up(dial);
}

void endpoint::close_link(link_id link, const error &why) {
  if (const auto found = state_->links.find(link); found != state_->links.end()) {
    state_->end_link(*found->second, why, state::parting::with_goodbye);
  }
}

void endpoint::set_identity(const cluster_id &cluster, generation_t generation) {
  state_->options.self.cluster = cluster;
  state_->options.self.generation = generation;
}

result<void> endpoint::send(link_id link, outgoing message) {
  return state_->send(link, std::move(message));
}

std::uint64_t endpoint::request(link_id link, outgoing message, time_point deadline, reply then) {
  return state_->request(link, std::move(message), deadline, std::move(then));
}

void endpoint::withdraw_request(link_id link, std::uint64_t number) {
  state_->withdraw_request(link, number);
}

void endpoint::answer(link_id link, std::uint64_t number, outgoing message) {
  state_->answer(link, number, std::move(message));
}

void endpoint::answer_failure(link_id link, std::uint64_t number, const refusal &why) {
  state_->answer_failure(link, number, why);
}

time_point endpoint::poll(time_point now) {
  return state_->poll(now);
}

time_point endpoint::poll_used(time_point now) {
  return state_->poll_used(now);
}

std::vector<int> endpoint::event_fds() const {
  std::vector<int> made;
  for (const std::unique_ptr<transport_slot> &slot : state_->transports) {
    if (slot->has_fd) {
      made.push_back(slot->handle->event_fd());
    }
  }
  return made;
}

const link_info *endpoint::find_link(link_id link) const {
  const wire::link *found = state_->find_open(link);
  return found == nullptr ? nullptr : &found->info;
}

std::vector<link_info> endpoint::links() const {
  std::vector<link_info> made;
  for (const auto &[id, which] : state_->links) {
    if (which->is_open()) {
      made.push_back(which->info);
    }
  }
  std::sort(made.begin(), made.end(), [](const link_info &a, const link_info &b) { return a.id < b.id; });
  return made;
}

link_counters endpoint::counters(link_id link) const {
  return state_->counters(link);
}

std::uint64_t endpoint::assembly_bytes() const {
  return state_->assembly_bytes;
}

std::uint64_t endpoint::untaken_bytes() const {
  return state_->untaken_bytes();
}

void endpoint::shed_untaken() {
  state_->shed_untaken();
}

void endpoint::begin_close(const error &why) {
  state_->begin_close(why);
}

bool endpoint::closed() const {
  return state_->closing_transports &&
         std::all_of(state_->transports.begin(), state_->transports.end(),
                     [](const std::unique_ptr<transport_slot> &slot) { return slot->handle->closed(); });
}

} // namespace outsize::wire
