#include "host/node/read_service.hpp"

#include "host/logserver/log_server.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

namespace {
/// Reads that may be under way at once: each may hold one answer's bytes.
constexpr std::size_t readings_max = 1024;
constexpr auto read_time_max = std::chrono::seconds(60);

error too_many_reads() {
  return make_error(code::overloaded, "1024 reads are under way on this node");
}
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

template <class Answer> void read_service::answer_with(const asker &to, const result<Answer> &outcome, rope payload) {
  if (outcome) {
    answer(node_, to, outcome.value(), std::move(payload));
  } else {
    answer_error(node_, to, outcome.error());
  }
}

bool read_service::is_full(const asker &to) const {
  if (readings_.size() < readings_max) {
    return false;
  }
  answer_error(node_, to, too_many_reads());
  return true;
}

void read_service::begin(wire::link_id asked_over, const std::string &log, std::unique_ptr<reading> what) {
  reading &started = *what;
  readings_[++last_reading_] = {log, asked_over, std::move(what)};
  started.start();
}

void read_service::on_read(const wire::incoming &request) {
  const asker to = asker_of(request);
  result<wire::read> message = wire::decode<wire::read>(request.header);
  if (!message) {
    answer_error(node_, to, message.error());
    return;
  }
  if (is_full(to)) {
    return;
  }
  begin_read(to.link, std::move(message).value(), [this, to](const result<wire::records> &outcome, rope payload) {
    answer_with(to, outcome, std::move(payload));
  });
}

void read_service::read(wire::read question, read_stream::answered then) {
  if (readings_.size() >= readings_max) {
    then(too_many_reads(), {});
    return;
  }
  begin_read(0, std::move(question), std::move(then));
}

void read_service::begin_read(wire::link_id asked_over, wire::read question, read_stream::answered then) {
  const std::string log = question.log;
  const auto wait = std::chrono::milliseconds(std::min<std::uint64_t>(question.wait_ms, 600'000));
  begin(asked_over, log,
        std::make_unique<read_stream>(environment(), std::move(question), known_tail(log),
                                      node_.now + wait + read_time_max, std::move(then)));
}

void read_service::on_read_payload(const wire::incoming &request) {
  const asker to = asker_of(request);
  result<wire::read_payload> message = wire::decode<wire::read_payload>(request.header);
  if (!message) {
    answer_error(node_, to, message.error());
    return;
  }
  if (is_full(to)) {
    return;
  }
  const std::string log = message->log;
  begin(to.link, log,
        std::make_unique<payload_reader>(payload_reader::environment{environment(), node_.blobs, &descriptions_},
                                         std::move(message).value(), known_tail(log), node_.now + read_time_max,
                                         [this, to](const result<wire::payload_piece> &outcome, rope bytes) {
                                           answer_with(to, outcome, std::move(bytes));
                                         }));
}

/// Only marks them: one of them may be the caller.
void read_service::on_link_down(wire::link_id link) {
  for (auto &[number, one] : readings_) {
    one.is_unwanted = one.is_unwanted || one.asked_over == link;
  }
}

void read_service::sweep() {
  for (auto at = readings_.begin(); at != readings_.end();) {
    const running &one = at->second;
    if (!one.is_over()) {
      ++at;
      continue;
    }
    tail_in_segment &known = known_tails_[one.log];
    known = std::max(known, one.what->known_tail());
    at = readings_.erase(at);
  }
}

void read_service::on_time() {
  sweep();
  for (const auto &[number, one] : readings_) {
    if (one.what->next_time() <= node_.now) {
      one.what->on_time();
    }
  }
}

time_point read_service::next_time() const {
  time_point next = never;
  for (const auto &[number, one] : readings_) {
    next = std::min(next, one.is_over() ? node_.now : one.what->next_time());
  }
  return next;
}

} // namespace outsize::host
