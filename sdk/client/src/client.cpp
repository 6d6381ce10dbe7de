#include <outsize/client/client.hpp>

#include "append_queue.hpp"
#include "connection.hpp"

#include <outsize/wire/codec.hpp>

#include <algorithm>
#include <list>
#include <utility>

namespace outsize::client {

namespace {

error in_entry(const wire::entry_header &header, const error &why) {
  return make_error(why.code, "offset " + std::to_string(header.offset) + ": " + why.text);
}

/// A commit or reference entry's bytes, verified.
result<large_payload> large_of(const wire::entry_header &header, const rope &body) {
  large_payload made;
  const buffer description = body.slice(header.record_header_bytes, header.payload_bytes).flatten();
  const auto take = [&](const auto &decoded) -> result<large_payload> {
    if (!decoded) {
      return in_entry(header, decoded.error());
    }
    made.bytes = decoded->payload_bytes;
    made.content = decoded->content;
    made.kept = decoded.value();
    // A copy: a few bytes must not keep a whole answer in memory while the payload is read.
    made.record_header = buffer::copy_of(body.slice(0, header.record_header_bytes).flatten().span());
    return made;
  };
  return header.kind == wire::entry_kind::commit ? take(wire::decode_split_record(description.span()))
                                                 : take(wire::decode_spilled_record(description.span()));
}

/// One entry's bytes, verified.
result<read_record> record_of(const wire::entry_header &header, const rope &body) {
  result<wire::record_header> fields =
      wire::decode_record_header(body.slice(0, header.record_header_bytes).flatten().span());
  if (!fields) {
    return fields.error();
  }
  read_record made;
  made.offset = header.offset;
  made.header = std::move(fields).value();
  made.timestamp_ms = header.timestamp_ms;
  if (header.kind == wire::entry_kind::data) {
    made.payload = body.slice(header.record_header_bytes, header.payload_bytes);
    return made;
  }
  result<large_payload> large = large_of(header, body);
  if (!large) {
    return large.error();
  }
  made.large = std::move(large).value();
  return made;
}

bool is_record(wire::entry_kind kind) {
  return kind == wire::entry_kind::data || kind == wire::entry_kind::commit || kind == wire::entry_kind::reference;
}

/// Takes a records message apart; every entry is verified before anybody sees it.
result<read_batch> batch_of(const wire::incoming &reply) {
  const result<wire::records> message = wire::decode<wire::records>(reply.header);
  if (!message) {
    return message.error();
  }
  read_batch made;
  made.next = message->next;
  made.global_tail = message->global_tail;
  made.trim_point = message->trim_point;
  std::uint64_t at = 0;
  for (const buffer &raw : message->entry_headers) {
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header) {
      return header.error();
    }
    const std::uint64_t left = reply.payload.size() - at;
    if (header->record_header_bytes > left || header->payload_bytes > left - header->record_header_bytes) {
      return make_error(code::malformed,
                        "offset " + std::to_string(header->offset) + ": fewer bytes than its header says");
    }
    const rope body = reply.payload.slice(at, header->record_header_bytes + header->payload_bytes);
    at += body.size();
    if (result<void> intact = wire::verify_entry(header.value(), body); !intact) {
      return intact.error();
    }
    if (!is_record(header->kind)) {
      continue; // nothing for readers
    }
    result<read_record> record = record_of(header.value(), body);
    if (!record) {
      return record.error();
    }
    made.records.push_back(std::move(record).value());
  }
  return made;
}

result<payload_piece> piece_of(const wire::incoming &reply) {
  const result<wire::payload_piece> message = wire::decode<wire::payload_piece>(reply.header);
  if (!message) {
    return message.error();
  }
  return payload_piece{message->from, message->total_bytes, reply.payload};
}

} // namespace

struct client::state {
  state(std::vector<std::unique_ptr<transport_handle>> transports, client_options given)
      : options(std::move(given)), link(std::move(transports), options, [] {}), appends(link, options) {}

  /// A question that waits for a link.
  struct question {
    bool over_reads = false;
    std::function<wire::outgoing()> make;
    time_point deadline;
    wire::endpoint::reply then;
    bool survives_links = false; ///< lost with its link, it is asked again over the next
  };

  void ask(question what) {
    questions.push_back(std::move(what));
    fresh = true;
  }
  void send_questions(time_point now);
  void send(question next);

  client_options options;
  connection link;
  append_queue appends;
  std::list<question> questions;
  bool fresh = false; ///< something was asked since the last poll began
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

void client::state::send(question next) {
  const wire::link_id over = next.over_reads ? link.reads_link() : link.main_link();
  if (!next.survives_links) {
    link.endpoint().request(over, next.make(), next.deadline, std::move(next.then));
    return;
  }
  const auto sent = std::make_shared<question>(std::move(next));
  link.endpoint().request(over, sent->make(), sent->deadline,
                          [this, watch = std::weak_ptr(alive), sent](result<wire::incoming> reply) {
                            if (!reply && reply.error().code == code::link_down && !watch.expired()) {
                              ask(std::move(*sent));
                            } else {
                              sent->then(std::move(reply));
                            }
                          });
}

void client::state::send_questions(time_point now) {
  for (auto at = questions.begin(); at != questions.end();) {
    if (link.up()) {
      question next = std::move(*at);
      at = questions.erase(at);
      send(std::move(next));
      continue;
    }
    if (at->deadline > now) {
      ++at;
      continue;
    }
    const wire::endpoint::reply then = std::move(at->then);
    at = questions.erase(at);
    then(link.last_failure().value_or(make_error(code::timed_out, "no node could be reached in time")));
  }
}

client::client(std::vector<std::unique_ptr<transport_handle>> transports, client_options options)
    : state_(std::make_unique<state>(std::move(transports), std::move(options))) {}

client::~client() = default;

void client::append(const std::string &log, record what, time_point deadline, appended then) {
  state_->appends.push(log, std::move(what), deadline, std::move(then));
  state_->fresh = true;
}

void client::append(const std::string &log, const wire::record_header &header, payload_source payload,
                    time_point deadline, appended then) {
  state_->appends.push(log, header, std::move(payload), deadline, std::move(then));
  state_->fresh = true;
}

std::uint64_t client::unanswered_bytes() const {
  return state_->appends.unanswered_bytes();
}

void client::read(const std::string &log, const read_options &how, time_point deadline, batch_read then) {
  wire::read message;
  message.log = log;
  message.from = how.from;
  message.to = how.to;
  message.count_max = how.count_max;
  message.bytes_max = how.bytes_max;
  message.wait_ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(how.wait).count());
  state_->ask({true, [message] { return wire::make_outgoing(message); }, deadline,
               [then = std::move(then)](const result<wire::incoming> &reply) {
                 then(reply ? batch_of(reply.value()) : result<read_batch>(reply.error()));
               }});
}

void client::read_payload(const std::string &log, offset_t offset, std::uint64_t from, std::uint64_t bytes_max,
                          time_point deadline, piece_read then) {
  const wire::read_payload message{log, offset, from, bytes_max};
  state_->ask({true, [message] { return wire::make_outgoing(message); }, deadline,
               [then = std::move(then)](const result<wire::incoming> &reply) {
                 then(reply ? piece_of(reply.value()) : result<payload_piece>(reply.error()));
               },
               true});
}

void client::find_tail(const std::string &log, time_point deadline, std::function<void(result<wire::tail>)> then) {
  state_->ask({false, [log] { return wire::make_outgoing(wire::find_tail{log, 0}); }, deadline,
               [then = std::move(then)](const result<wire::incoming> &reply) {
                 then(reply ? wire::decode<wire::tail>(reply->header) : result<wire::tail>(reply.error()));
               }});
}

void client::command(const std::string &name, const std::string &arguments, time_point deadline, answered then) {
  state_->ask({false, [name, arguments] { return wire::make_outgoing(wire::command{name, arguments}); }, deadline,
               [then = std::move(then)](const result<wire::incoming> &reply) {
                 if (!reply) {
                   then(reply.error());
                   return;
                 }
                 result<wire::command_result> decoded = wire::decode<wire::command_result>(reply->header);
                 if (!decoded) {
                   then(decoded.error());
                   return;
                 }
                 then(std::move(decoded->result));
               }});
}

bool client::connected() const {
  return state_->link.up();
}

std::optional<error> client::last_failure() const {
  return state_->link.last_failure();
}

bool client::is_hopeless() const {
  return state_->link.is_hopeless();
}

time_point client::poll(time_point now) {
  state &self = *state_;
  self.link.poll(now);
  self.fresh = false;
  self.appends.run(now);
  self.send_questions(now);
  // What was just queued leaves now, not with the next event.
  time_point next = self.link.poll_used(now);
  next = std::min(next, self.appends.next_time());
  for (const state::question &waiting : self.questions) {
    next = std::min(next, waiting.deadline);
  }
  return self.fresh || self.appends.has_news() ? now : next;
}

bool client::wants_poll() const {
  return state_->fresh;
}

std::vector<int> client::event_fds() const {
  return state_->link.endpoint().event_fds();
}

} // namespace outsize::client
