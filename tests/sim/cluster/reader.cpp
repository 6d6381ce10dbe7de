#include "sim/cluster/reader.hpp"

#include "sim/cluster/appender.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

reader::reader(world &in, const scenario &plan, const client_settings &settings)
    : world_(in), settings_(settings), random_(in.fork()), host_(in, settings.name, in.fork()),
      client_(host_.open_transports(settings.message_limit_bytes, 256 * wire::kib),
              client_options_of(settings, in.fork())),
      next_(in.now) {
  for (const log_settings &log : plan.logs) {
    logs_[log.name].read_at = in.now;
    logs_[log.name].ask_tail_at = in.now;
  }
}

void reader::begin_again() {
  for (auto &[name, of] : logs_) {
    const std::uint32_t round = of.round + 1;
    of = log_state();
    of.read_at = of.ask_tail_at = world_.now;
    of.round = round;
  }
  next_ = world_.now;
}

offset_t reader::place(const std::string &log) const {
  const log_state &of = logs_.at(log);
  return of.large.empty() ? of.next : of.large.front().offset;
}

bool reader::wants_poll() const {
  return next_ <= world_.now || client_.wants_poll() || world_.net.has_work(settings_.name);
}

void reader::poll() {
  for (auto &[name, of] : logs_) {
    if (of.read_at <= world_.now) {
      of.read_at = never;
      read(name, of);
    }
    if (of.payload_at <= world_.now) {
      of.payload_at = never;
      read_payload(name, of);
    }
    if (of.ask_tail_at <= world_.now) {
      of.ask_tail_at = never;
      ask_tail(name, of);
    }
  }
  next_ = client_.poll(world_.now);
  for (const auto &[name, of] : logs_) {
    next_ = std::min({next_, of.read_at, of.ask_tail_at, of.payload_at});
  }
}

void reader::read(const std::string &log, log_state &of) {
  client::read_options how;
  how.from = of.next;
  how.bytes_max = random_.pick(std::vector<std::uint64_t>{1, 2000, 64 * wire::kib});
  how.wait = milliseconds(500);
  // The largest record, in the smallest parts, over the slowest path, takes some of that.
  client_.read(log, how, world_.now + seconds(30),
               [this, log, &of, from = of.next, round = of.round](const result<client::read_batch> &batch) {
                 if (round != of.round) {
                   return;
                 }
                 of.read_at = world_.now;
                 if (!batch) {
                   of.last_error = batch.error().text;
                   of.read_at += milliseconds(100);
                   world_.judge.note(name_of(batch.error().code));
                   world_.say(settings_.name, fmt::format("{} from {}: {}: {}", log, from, name_of(batch.error().code),
                                                          batch.error().text));
                   return;
                 }
                 world_.say(settings_.name, fmt::format("{} from {}: {} records, next {}", log, from,
                                                        batch->records.size(), batch->next));
                 world_.judge.clients().on_read(log, from, batch.value());
                 of.next = std::max(of.next, batch->next);
                 for (const client::read_record &record : batch->records) {
                   if (record.large.has_value()) {
                     of.large.push_back(record);
                   }
                 }
                 if (!of.large.empty()) {
                   of.read_at = never;
                   of.payload_at = world_.now;
                 } else if (batch->records.empty()) {
                   of.read_at += milliseconds(20); // at the tail, or not a record in reach
                 }
               });
}

/// The next bytes of the payload of the first large record.
void reader::read_payload(const std::string &log, log_state &of) {
  if (of.payload != nullptr && random_.one_in(100)) {
    of.payload.reset(); // changes its mind, and begins again
    world_.judge.seen().add("split/payload-begun-again");
  }
  if (of.payload == nullptr) {
    of.payload = std::make_unique<client::payload_reader>(client_, log, of.large.front());
    of.payload_bytes = rope();
  }
  of.payload->next(world_.now + random_.pick(std::vector<duration>{seconds(2), seconds(30)}),
                   [this, log, &of](const result<rope> &bytes) { on_payload(log, of, bytes); });
}

void reader::on_payload(const std::string &log, log_state &of, const result<rope> &bytes) {
  of.payload_at = world_.now;
  next_ = world_.now;
  if (!bytes) {
    of.last_error = bytes.error().text;
    of.payload_at += milliseconds(100);
    world_.judge.note(name_of(bytes.error().code));
    world_.say(settings_.name, fmt::format("{} payload of {} at {}: {}: {}", log, of.large.front().offset,
                                           of.payload->position(), name_of(bytes.error().code), bytes.error().text));
    world_.judge.clients().on_payload_error(log, of.large.front(), bytes.error());
    return;
  }
  of.payload_bytes.append(bytes.value());
  if (!bytes->empty()) {
    return;
  }
  world_.judge.clients().on_payload(log, of.large.front(), of.payload_bytes);
  of.payload.reset();
  of.payload_bytes = rope();
  of.large.pop_front();
  if (of.large.empty()) {
    of.payload_at = never;
    of.read_at = world_.now;
  }
}

void reader::ask_tail(const std::string &log, log_state &of) {
  const offset_t floor = world_.judge.clients().tail_floor(log);
  client_.find_tail(log, world_.now + seconds(5), [this, log, &of, floor](const result<wire::tail> &answer) {
    of.ask_tail_at = world_.now + random_.between(milliseconds(10), milliseconds(1500));
    if (answer) {
      world_.judge.clients().on_tail(log, floor, answer.value());
    }
  });
}

std::string reader::describe() const {
  std::string text = settings_.name + ":";
  for (const auto &[name, of] : logs_) {
    text +=
        fmt::format(" {} at {}{}{}", name, place(name), of.last_error.empty() ? "" : ", last error ", of.last_error);
  }
  return text;
}

} // namespace outsize::sim
