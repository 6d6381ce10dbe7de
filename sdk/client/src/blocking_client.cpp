#include <outsize/client/client.hpp>
#include <outsize/client/payload_reader.hpp>

#include <poll.h>

#include <memory>
#include <optional>

#include <algorithm>
#include <utility>

namespace outsize::client {

namespace {
/// How often `stop` is looked at while nothing happens; a signal ends the wait earlier.
constexpr auto stop_check = std::chrono::milliseconds(200);
/// What can have come while nobody polled: some pings, a goodbye, the end of each link.
constexpr int rounds_of_news_max = 64;

bool any_readable(const std::vector<int> &descriptors) {
  std::vector<pollfd> waits;
  for (const int fd : descriptors) {
    waits.push_back({fd, POLLIN, 0});
  }
  return ::poll(waits.data(), waits.size(), 0) > 0;
}
} // namespace

blocking_client::blocking_client(std::vector<std::unique_ptr<transport_handle>> transports, client_options options,
                                 std::function<bool()> stop)
    : client_(std::move(transports), options), options_(std::move(options)), stop_(std::move(stop)) {}

bool blocking_client::run_until(const std::function<bool()> &done, time_point deadline, std::optional<int> also) {
  for (;;) {
    const time_point now = steady_now();
    const time_point next = client_.poll(now);
    if (done()) {
      return true;
    }
    if (now >= deadline || (stop_ && stop_())) {
      return false;
    }
    if (client_.wants_poll()) {
      continue; // `done` asked for more
    }
    const time_point wake = std::min({next, deadline, now + stop_check});
    std::vector<pollfd> waits;
    for (const int fd : client_.event_fds()) {
      waits.push_back({fd, POLLIN, 0});
    }
    if (also.has_value()) {
      waits.push_back({*also, POLLIN, 0});
    }
    const auto left = std::max(duration::zero(), wake - now);
    const timespec time{std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                        (left % std::chrono::seconds(1)).count()};
    // A failure here is a signal or a short one; the loop looks at everything again either way.
    (void)ppoll(waits.data(), waits.size(), &time, nullptr);
  }
}

void blocking_client::take_news() {
  for (int round = 0; round < rounds_of_news_max && any_readable(client_.event_fds()); ++round) {
    client_.poll(steady_now());
  }
}

result<void> blocking_client::connect() {
  take_news();
  run_until([this] { return client_.connected() || client_.is_hopeless(); }, steady_now() + options_.connect_timeout);
  if (client_.connected()) {
    return {};
  }
  if (stop_ && stop_()) {
    return make_error(code::interrupted, "interrupted while connecting");
  }
  return client_.last_failure().value_or(make_error(code::timed_out, "no answer to the connection"));
}

namespace {

/// Runs until the answer is there. The machine answers each call once, at its deadline at the latest.
template <class Answer>
result<Answer> wait_for(blocking_client &through, const std::shared_ptr<std::optional<result<Answer>>> &slot) {
  if (through.run_until([&] { return slot->has_value(); }, never)) {
    return std::move(**slot);
  }
  return make_error(code::interrupted, "interrupted before the answer came");
}

template <class Answer> auto slot_for() {
  return std::make_shared<std::optional<result<Answer>>>();
}

} // namespace

result<wire::append_result> blocking_client::append(const std::string &log, record what) {
  const auto slot = slot_for<wire::append_result>();
  take_news();
  client_.append(log, std::move(what), steady_now() + options_.request_timeout,
                 [slot](wire::append_result answer) { *slot = result<wire::append_result>(std::move(answer)); });
  return wait_for(*this, slot);
}

result<wire::append_result> blocking_client::append(const std::string &log, const wire::record_header &header,
                                                    payload_source payload) {
  const auto slot = slot_for<wire::append_result>();
  take_news();
  client_.append(log, header, std::move(payload), steady_now() + options_.request_timeout,
                 [slot](wire::append_result answer) { *slot = result<wire::append_result>(std::move(answer)); });
  return wait_for(*this, slot);
}

result<read_batch> blocking_client::read(const std::string &log, const read_options &how) {
  const auto slot = slot_for<read_batch>();
  take_news();
  client_.read(log, how, steady_now() + how.wait + options_.request_timeout,
               [slot](result<read_batch> answer) { *slot = std::move(answer); });
  return wait_for(*this, slot);
}

result<rope> blocking_client::next(payload_reader &from) {
  const auto slot = slot_for<rope>();
  take_news();
  from.next(steady_now() + options_.request_timeout, [slot](result<rope> answer) { *slot = std::move(answer); });
  return slot->has_value() ? std::move(**slot) : wait_for(*this, slot);
}

result<wire::tail> blocking_client::find_tail(const std::string &log) {
  const auto slot = slot_for<wire::tail>();
  take_news();
  client_.find_tail(log, steady_now() + options_.request_timeout,
                    [slot](result<wire::tail> answer) { *slot = std::move(answer); });
  return wait_for(*this, slot);
}

result<std::string> blocking_client::command(const std::string &name, const std::string &arguments) {
  const auto slot = slot_for<std::string>();
  take_news();
  client_.command(name, arguments, steady_now() + options_.request_timeout,
                  [slot](result<std::string> answer) { *slot = std::move(answer); });
  return wait_for(*this, slot);
}

} // namespace outsize::client
