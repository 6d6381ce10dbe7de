// outsize append: one record per file, several in flight; a refusal does not end the rest.
#include "commands.hpp"

#include "host/cli/interrupt.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/record_source.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <deque>
#include <list>

namespace outsize::host {
namespace {

constexpr std::size_t records_in_flight_max = 32;
constexpr std::uint64_t bytes_in_flight_max = 64 * wire::mib;
constexpr duration retry_pause = std::chrono::milliseconds(200);
constexpr duration last_answers_wait = std::chrono::seconds(2);

std::string_view name_of(wire::stored_as stored) {
  switch (stored) {
  case wire::stored_as::inline_:
    return "inline";
  case wire::stored_as::split:
    return "split";
  case wire::stored_as::spilled:
    return "spilled";
  }
  return "";
}

/// A refusal before an offset was given, that may pass on its own. What is in doubt is never sent again.
bool may_pass_later(const wire::append_result &answer) {
  return answer.refused.has_value() && retry_of(answer.refused->why) == retry_class::later;
}

/// As people call it.
std::string shown(const std::string &file) {
  return file == "-" ? "stdin" : file;
}

struct attempt {
  std::string file;
  client::record what;
  time_point begun;
  time_point sent; ///< the last time
  time_point deadline;
  time_point not_before{};
};

class append_run {
public:
  append_run(const append_command &what, const common_options &common, session &with, console &to)
      : what_(what), common_(common), session_(with), client_(with.client()), console_(to), progress_(!common.json),
        window_(what.producer.empty() ? records_in_flight_max : 1) {}

  int run() {
    for (const std::string &file : what_.files) {
      if (!wait([this] { return has_room(); }) || !start(file)) {
        break;
      }
    }
    wait([this] { return in_flight() == 0 && retries_.empty(); });
    progress_.clear();
    if (interrupted()) {
      await_last_answers();
      return console_.failed(unfinished(code::interrupted, "the append was interrupted"));
    }
    if (!console_.ok()) {
      await_last_answers();
      return console_.failed(unfinished(code::storage_failed, "the append ended: its answers cannot be written"));
    }
    return failed_ == 0 ? exit_done : exit_refused;
  }

private:
  std::size_t in_flight() const { return under_way_.size(); }
  bool has_room() const {
    return in_flight() + retries_.size() < window_ &&
           (in_flight() == 0 || client_.machine().unanswered_bytes() < bytes_in_flight_max);
  }

  /// Drives everything until `done`; false when interrupted, or when nobody takes the answers any more.
  bool wait(const std::function<bool()> &done) {
    bool is_heard = true;
    const bool is_done = client_.run_until(
        [&] {
          send_retries();
          show();
          is_heard = console_.ok();
          return !is_heard || done();
        },
        never);
    return is_done && is_heard;
  }

  /// Takes answers for a while; false when nobody takes them any more.
  bool go_on(std::chrono::milliseconds most) {
    client_.run_until(
        [this] {
          send_retries();
          show();
          return !console_.ok();
        },
        steady_now() + most);
    return console_.ok();
  }

  /// What was sent has a moment to be answered: an answer is worth more than a doubt.
  void await_last_answers() {
    session_.ignore_interrupts();
    client_.run_until([this] { return in_flight() == 0; }, steady_now() + last_answers_wait);
  }

  /// False when it was interrupted.
  bool start(const std::string &file) {
    result<rope> payload = payload_of(file, [this](std::chrono::milliseconds most) { return go_on(most); });
    if (!payload && payload.error().code == code::interrupted) {
      return false;
    }
    if (!payload) {
      progress_.clear();
      console_.failed(to_problem(payload.error()), file);
      ++failed_;
      return true;
    }
    const time_point now = steady_now();
    send({file, record_of(std::move(*payload)), now, now, now + common_.timeout, {}});
    return true;
  }

  client::record record_of(rope payload) {
    client::record made;
    made.payload = std::move(payload);
    made.header.has_key = what_.key.has_value();
    made.header.key = what_.key.value_or("");
    for (const auto &[name, value] : what_.headers) {
      made.header.headers.push_back({name, value});
    }
    if (!what_.producer.empty()) {
      made.header.producer = {what_.producer, epoch_, ++sequence_, predecessor_};
    }
    return made;
  }

  void send(attempt next) {
    next.sent = steady_now();
    const auto at = under_way_.insert(under_way_.end(), std::move(next));
    client_.machine().append(what_.log, at->what, at->deadline, [this, at](const wire::append_result &answer) {
      attempt sent = std::move(*at);
      under_way_.erase(at);
      answered(std::move(sent), answer);
    });
  }

  void answered(attempt of, const wire::append_result &answer) {
    // A try that cannot be answered before the time is up would end in doubt: as long as this one took, at least.
    const time_point now = steady_now();
    const time_point again = now + retry_pause;
    if (may_pass_later(answer) && again + (now - of.sent) < of.deadline && !interrupted()) {
      of.not_before = again;
      last_later_ = answer.refused->why;
      retries_.push_back(std::move(of));
      return;
    }
    progress_.clear();
    if (answer.refused.has_value()) {
      in_doubt_ += answer.refused->why == code::outcome_unknown ? 1 : 0;
      ++failed_;
      console_.refused(*answer.refused, console_.json() ? of.file : shown(of.file));
      return;
    }
    ++acknowledged_;
    bytes_ += of.what.payload.size();
    predecessor_ = of.what.header.producer.sequence;
    tell(of, answer);
  }

  void send_retries() {
    while (!retries_.empty() && retries_.front().not_before <= steady_now()) {
      attempt next = std::move(retries_.front());
      retries_.pop_front();
      send(std::move(next));
    }
  }

  void tell(const attempt &of, const wire::append_result &answer) {
    if (!console_.json()) {
      console_.text(fmt::format("{} {}: {} bytes, {}{}, {}\n", what_.log, answer.offset, of.what.payload.size(),
                                name_of(answer.stored), answer.duplicate != 0 ? ", was there already" : "",
                                shown(of.file)));
      return;
    }
    console_.object(
        {{"log", what_.log},
         {"offset", answer.offset},
         {"bytes", of.what.payload.size()},
         {"stored", std::string(name_of(answer.stored))},
         {"fragments", answer.fragments},
         {"store", answer.store},
         {"duplicate", answer.duplicate != 0},
         {"latency_us", std::chrono::duration_cast<std::chrono::microseconds>(steady_now() - of.begun).count()},
         {"file", of.file}});
  }

  void show() {
    if (progress_.due()) {
      const std::uint64_t done = acknowledged_ + failed_;
      const std::string waits = retries_.empty() ? "" : fmt::format(", tried again: {}", outsize::name_of(last_later_));
      progress_.draw(fmt::format("{} {} of {} records, {} MiB, {} failed{}", bar(done, what_.files.size()), done,
                                 what_.files.size(), bytes_ / wire::mib, failed_, waits));
    }
  }

  /// What became of everything that was to be appended, for somebody who has to go on from here.
  problem unfinished(code why, std::string text) const {
    std::string remedy = "append again what is not acknowledged";
    if (in_doubt_ + in_flight() != 0) {
      std::vector<std::string> files;
      for (const attempt &one : under_way_) {
        files.push_back(shown(one.file));
      }
      remedy += files.empty()
                    ? "; read the log before you repeat what is in doubt"
                    : fmt::format("; read the log before you repeat what is in doubt: {}", fmt::join(files, " "));
    }
    return {why,
            std::move(text),
            fmt::format("{} of {} records acknowledged, {} failed, {} in doubt", acknowledged_, what_.files.size(),
                        failed_ - in_doubt_, in_doubt_ + in_flight()),
            "log " + what_.log,
            "",
            remedy};
  }

  const append_command &what_;
  const common_options &common_;
  session &session_;
  client::blocking_client &client_;
  console &console_;
  progress progress_;
  std::size_t window_;
  std::deque<attempt> retries_;
  code last_later_ = code::ok; ///< why the youngest of them waits
  std::list<attempt> under_way_;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t in_doubt_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t epoch_ = wall_clock_ms(); ///< each run of the tool is an epoch of its producer
  std::uint64_t sequence_ = 0;
  std::uint64_t predecessor_ = 0;
};

} // namespace

int run(const append_command &what, const common_options &common, session &with, console &to) {
  explain_shrinking_files();
  return append_run(what, common, with, to).run();
}

} // namespace outsize::host
