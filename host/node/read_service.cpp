#include "host/node/read_service.hpp"

#include "host/logserver/log_server.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

namespace {
/// Reads that may be under way at once: each may hold one answer's bytes.
constexpr std::size_t streams_max = 1024;
constexpr auto read_time_max = std::chrono::seconds(60);
} // namespace

read_service::read_service(node_context &node, append_service &tails) : node_(node), tails_(tails) {}

tail_in_segment read_service::known_tail(const std::string &log) const {
  const auto cached = known_tails_.find(log);
  tail_in_segment known = cached == known_tails_.end() ? tail_in_segment{} : cached->second;
  const versioned<log_record> *found = node_.view().log(log);
  if (node_.server == nullptr || found == nullptr) {
    return known;
  }
  // What this node's own log server has heard: lets committed records be read while the sequencer is away.
  for (const segment_record &segment : found->record.chain) {
    if (const segment_snapshot *held = node_.server->find(found->record.id_of(segment)); held != nullptr) {
      known = std::max(known, {segment.index, held->row.global_tail});
    }
  }
  return known;
}

read_stream::environment read_service::environment() {
  read_stream::environment around;
  around.node = node_.options.name;
  around.view = [this]() -> const cluster_view & { return node_.view(); };
  around.servers = node_.links;
  around.log = node_.options.log;
  around.now = [this] { return node_.now; };
  around.take_room = [this](std::uint64_t bytes) { return take_room(bytes); };
  around.give_room = [this](std::uint64_t bytes) { fetching_bytes_ -= bytes; };
  around.find_tail = [this](const std::string &log, time_point deadline,
                            std::function<void(result<tail_in_segment>)> then) {
    tails_.find_tail(log, deadline, [then = std::move(then)](const result<wire::tail> &outcome) {
      then(outcome ? result<tail_in_segment>({outcome->segment.index, outcome->global_tail})
                   : result<tail_in_segment>(outcome.error()));
    });
  };
  return around;
}

/// One message of the largest size is what answers may take that are fetched or wait for their readers. Readers wait
/// for one another rather than take memory that is not there; who asks and takes nothing must not keep the others
/// waiting.
bool read_service::take_room(std::uint64_t bytes) {
  if (node_.now < full_until_) {
    return false;
  }
  const std::uint64_t taken = fetching_bytes_ + node_.endpoint->untaken_bytes();
  if (taken == 0 || taken + bytes <= node_.options.message_limit_bytes) {
    fetching_bytes_ += bytes;
    return true;
  }
  full_until_ = node_.now + read_stream::environment{}.room_poll;
  node_.endpoint->shed_untaken();
  return false;
}

void read_service::on_read(const wire::incoming &request) {
  const asker to = asker_of(request);
  result<wire::read> message = wire::decode<wire::read>(request.header);
  if (!message) {
    answer_error(node_, to, message.error());
    return;
  }
  if (streams_.size() >= streams_max) {
    answer_error(node_, to, make_error(code::overloaded, "1024 reads are under way on this node"));
    return;
  }
  const std::string log = message->log;
  const std::uint64_t number = ++last_stream_;
  const auto wait = std::chrono::milliseconds(std::min<std::uint64_t>(message->wait_ms, 600'000));
  auto stream = std::make_unique<read_stream>(environment(), std::move(message).value(), known_tail(log),
                                              node_.now + wait + read_time_max,
                                              [this, to](result<wire::records> outcome, rope payload) {
                                                if (outcome) {
                                                  answer(node_, to, outcome.value(), std::move(payload));
                                                } else {
                                                  answer_error(node_, to, outcome.error());
                                                }
                                              });
  read_stream &started = *stream;
  streams_[number] = {log, to.link, std::move(stream)};
  started.start();
}

/// Only marks them: one of them may be the caller.
void read_service::on_link_down(wire::link_id link) {
  for (auto &[number, one] : streams_) {
    one.is_unwanted = one.is_unwanted || one.asked_over == link;
  }
}

void read_service::sweep() {
  for (auto at = streams_.begin(); at != streams_.end();) {
    const running &one = at->second;
    if (!one.is_over()) {
      ++at;
      continue;
    }
    tail_in_segment &known = known_tails_[one.log];
    known = std::max(known, one.stream->known_tail());
    at = streams_.erase(at);
  }
}

void read_service::on_time() {
  sweep();
  for (const auto &[number, one] : streams_) {
    if (one.stream->next_time() <= node_.now) {
      one.stream->on_time();
    }
  }
}

time_point read_service::next_time() const {
  time_point next = never;
  for (const auto &[number, one] : streams_) {
    next = std::min(next, one.is_over() ? node_.now : one.stream->next_time());
  }
  return next;
}

} // namespace outsize::host
