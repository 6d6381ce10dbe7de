#include "sim/cluster/appender.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::sim {

namespace {

constexpr std::uint64_t client_queue_bytes = 256 * wire::kib;

bool may_be_sent_again(const wire::append_result &answer) {
  return answer.refused.has_value() &&
         (answer.refused->why == code::outcome_unknown || retry_of(answer.refused->why) == retry_class::later);
}

} // namespace

client::client_options client_options_of(const client_settings &settings, random_source random) {
  client::client_options made;
  for (const std::string &node : settings.nodes) {
    made.addresses.push_back("sim://" + node);
  }
  made.name = settings.name;
  made.message_limit_bytes = settings.message_limit_bytes;
  made.whole_bytes_max = settings.whole_bytes_max;
  made.random = [source = std::make_shared<random_source>(random)] { return source->next(); };
  return made;
}

appender::appender(world &in, const scenario &plan, const client_settings &settings)
    : world_(in), settings_(settings), random_(in.fork()), host_(in, settings.name, in.fork()),
      records_(plan, settings.name, in.fork()), left_(plan.appends_max), append_at_(in.now), next_(in.now) {
  for (const log_settings &log : plan.logs) {
    logs_.push_back(log.name);
  }
  begin();
}

void appender::begin() {
  client_ = std::make_unique<client::client>(host_.open_transports(settings_.message_limit_bytes, client_queue_bytes),
                                             client_options_of(settings_, random_.fork()));
  leave_at_ = settings_.leaves ? world_.now + random_.between(std::chrono::seconds(1), std::chrono::seconds(8)) : never;
}

void appender::leave() {
  world_.say(settings_.name, fmt::format("leaves with {} appends unanswered", unanswered_.size()));
  world_.judge.seen().add("fault/client-left");
  client_.reset();
  wire::append_result never_told;
  never_told.refused = wire::refusal{};
  never_told.refused->why = code::outcome_unknown;
  while (!unanswered_.empty()) {
    on_answer(unanswered_.begin()->first, never_told);
  }
  begin();
}

bool appender::wants_poll() const {
  return next_ <= world_.now || client_->wants_poll() || world_.net.has_work(settings_.name);
}

void appender::poll() {
  if (!resting_ && leave_at_ <= world_.now) {
    leave();
  }
  while (!resting_ && left_ > 0 && in_flight() < settings_.in_flight_max && append_at_ <= world_.now) {
    append_at_ = world_.now + random_.between(duration{}, settings_.pause_max);
    append_something();
  }
  for (auto &[log, when] : probing_) {
    if (when <= world_.now) {
      when = never;
      send_probe(log);
    }
  }
  next_ = client_->poll(world_.now);
  if (!resting_ && left_ > 0 && in_flight() < settings_.in_flight_max) {
    next_ = std::min(next_, append_at_);
  }
  next_ = resting_ ? next_ : std::min(next_, leave_at_);
  for (const auto &[log, when] : probing_) {
    next_ = std::min(next_, when);
  }
}

void appender::append_something() {
  const std::string &log = random_.pick(logs_);
  if (settings_.producer) {
    return append_in_sequence(log);
  }
  --left_;
  send(log, records_.make(log, {}), [](const wire::append_result &) {});
}

void appender::append_in_sequence(const std::string &log) {
  producer_state &of = producers_[log];
  if (of.waiting) {
    return;
  }
  if (of.open == nullptr) {
    --left_;
    if (of.fields.epoch == 0) {
      of.fields = {settings_.name, 1, 0, 0};
    }
    wire::producer_fields next = of.fields;
    ++next.sequence;
    next.predecessor = of.fields.predecessor;
    of.fields.sequence = next.sequence;
    of.open = std::make_unique<client::record>(records_.make(log, next));
    of.tries = 0;
  }
  of.waiting = true;
  ++of.tries;
  send(log, *of.open, [this, &of](const wire::append_result &answer) { on_sequence_answer(of, answer); });
}

void appender::on_sequence_answer(producer_state &of, const wire::append_result &answer) {
  of.waiting = false;
  constexpr std::uint32_t tries_max = 50;
  if (!answer.refused.has_value()) {
    of.fields.predecessor = of.fields.sequence;
    of.open.reset();
  } else if (may_be_sent_again(answer) && of.tries < tries_max) {
    append_at_ = std::max(append_at_, world_.now + std::chrono::milliseconds(50));
  } else if (of.tries > 1 || retry_of(answer.refused->why) == retry_class::later ||
             answer.refused->why == code::sequence_out_of_order) {
    // Whether an earlier try was taken is not known for certain: a new epoch owes nothing to the old one.
    of.fields = {settings_.name, of.fields.epoch + 1, 0, 0};
    of.open.reset();
  } else {
    of.open.reset(); // refused for good: the next one has the same predecessor
  }
}

void appender::send(const std::string &log, client::record what,
                    std::function<void(const wire::append_result &)> then) {
  sent_append made = world_.judge.clients().on_append(record_source::describe(log, what));
  made.in_pieces = made.what.payload_bytes > settings_.whole_bytes_max;
  const std::uint64_t number = ++last_number_;
  const bool from_source = made.in_pieces && random_.one_in(2);
  unanswered_[number] = {std::move(made), std::move(then)};
  const auto answered = [this, number](const wire::append_result &answer) { on_answer(number, answer); };
  const time_point deadline = world_.now + settings_.patience;
  if (from_source) {
    client_->append(log, what.header, source_of(what.payload), deadline, answered);
  } else {
    client_->append(log, std::move(what), deadline, answered);
  }
}

client::payload_source appender::source_of(const rope &payload) {
  client::payload_source made;
  made.bytes = payload.size();
  made.can_rewind = random_.one_in(2);
  const bool fails = !resting_ && settings_.gives_up && random_.one_in(4);
  const std::uint64_t fails_at = fails ? random_.between(0, payload.size()) : UINT64_MAX;
  made.read = [this, payload, fails_at](std::uint64_t from, std::uint64_t bytes) -> result<rope> {
    if (from + bytes > fails_at) {
      world_.judge.seen().add("fault/source-failed");
      return make_error(code::invalid_argument, "the source cannot be read to its end, as the simulation wished");
    }
    return payload.slice(from, bytes);
  };
  return made;
}

void appender::on_answer(std::uint64_t number, const wire::append_result &answer) {
  const unanswered of = std::move(unanswered_.extract(number).mapped());
  const made_record &what = of.made.what;
  world_.say(settings_.name,
             answer.refused.has_value()
                 ? fmt::format("{} {} bytes: {}: {}", what.log, what.record_bytes, name_of(answer.refused->why),
                               answer.refused->text)
                 : fmt::format("{} {} bytes: offset {}{}{}", what.log, what.record_bytes, answer.offset,
                               answer.fragments == 0 ? "" : fmt::format(" split into {}", answer.fragments),
                               answer.duplicate != 0 ? " again" : ""));
  world_.judge.note(answer.refused.has_value() ? name_of(answer.refused->why) : "ok");
  world_.judge.clients().on_answer(of.made, answer);
  of.then(answer);
}

void appender::probe() {
  for (const std::string &log : logs_) {
    probing_[log] = world_.now;
  }
  next_ = world_.now;
}

void appender::send_probe(const std::string &log) {
  send(log, records_.make_probe(), [this, log](const wire::append_result &answer) {
    if (!answer.refused.has_value()) {
      probing_.erase(log);
    } else {
      probing_[log] = world_.now + std::chrono::milliseconds(200);
    }
    next_ = std::min(next_, world_.now);
  });
}

std::string appender::describe() const {
  std::string text = fmt::format("{}: {} in flight, probing", settings_.name, in_flight());
  for (const auto &[log, when] : probing_) {
    text += " " + log;
  }
  return text;
}

} // namespace outsize::sim
