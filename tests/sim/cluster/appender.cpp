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
  made.random = [source = std::make_shared<random_source>(random)] { return source->next(); };
  return made;
}

appender::appender(world &in, const scenario &plan, const client_settings &settings)
    : world_(in), settings_(settings), random_(in.fork()), host_(in, settings.name, in.fork()),
      records_(plan, settings.name, in.fork()),
      client_(host_.open_transports(settings.message_limit_bytes, client_queue_bytes),
              client_options_of(settings, in.fork())),
      left_(plan.appends_max), append_at_(in.now), next_(in.now) {
  for (const log_settings &log : plan.logs) {
    logs_.push_back(log.name);
  }
}

bool appender::wants_poll() const {
  return next_ <= world_.now || client_.wants_poll() || world_.net.has_work(settings_.name);
}

void appender::poll() {
  while (!resting_ && left_ > 0 && in_flight_ < settings_.in_flight_max && append_at_ <= world_.now) {
    append_at_ = world_.now + random_.between(duration{}, settings_.pause_max);
    append_something();
  }
  for (auto &[log, when] : probing_) {
    if (when <= world_.now) {
      when = never;
      send_probe(log);
    }
  }
  next_ = client_.poll(world_.now);
  if (!resting_ && left_ > 0 && in_flight_ < settings_.in_flight_max) {
    next_ = std::min(next_, append_at_);
  }
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
  send(log, records_.make({}), [](const wire::append_result &) {});
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
    of.open = std::make_unique<client::record>(records_.make(next));
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
  const sent_append made = world_.judge.clients().on_append(record_source::describe(log, what));
  ++in_flight_;
  client_.append(log, std::move(what), world_.now + settings_.patience,
                 [this, made, then = std::move(then)](const wire::append_result &answer) {
                   --in_flight_;
                   world_.say(settings_.name,
                              answer.refused.has_value()
                                  ? fmt::format("{} {} bytes: {}: {}", made.what.log, made.what.record_bytes,
                                                name_of(answer.refused->why), answer.refused->text)
                                  : fmt::format("{} {} bytes: offset {}{}", made.what.log, made.what.record_bytes,
                                                answer.offset, answer.duplicate != 0 ? " again" : ""));
                   world_.judge.note(answer.refused.has_value() ? name_of(answer.refused->why) : "ok");
                   world_.judge.clients().on_answer(made, answer);
                   then(answer);
                 });
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
  std::string text = fmt::format("{}: {} in flight, probing", settings_.name, in_flight_);
  for (const auto &[log, when] : probing_) {
    text += " " + log;
  }
  return text;
}

} // namespace outsize::sim
