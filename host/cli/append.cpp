// outsize append: one record per file, several in flight; a refusal does not end the rest. Of large files only what is
// on its way is in memory.
#include "commands.hpp"

#include "host/cli/interrupt.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/record_source.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <poll.h>

#include <algorithm>
#include <deque>
#include <list>
#include <memory>

namespace outsize::host {
namespace {

constexpr std::size_t records_in_flight_max = 32;
constexpr std::uint64_t bytes_in_flight_max = 64 * wire::mib;
constexpr duration retry_pause = std::chrono::milliseconds(200);
constexpr duration last_answers_wait = std::chrono::seconds(2);
/// How often a large record that got somewhere before it was refused is given its time anew.
constexpr int long_tries_max = 5;

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

std::string stored_text(const wire::append_result &answer) {
  switch (answer.stored) {
  case wire::stored_as::split:
    return fmt::format("split into {} fragments", answer.fragments);
  case wire::stored_as::spilled:
    return fmt::format("spilled to {}", answer.store);
  default:
    return std::string(name_of(answer.stored));
  }
}

struct attempt {
  std::string file;
  wire::record_header header;
  client::payload_source payload;
  std::shared_ptr<std::uint64_t> read_bytes; ///< of the payload, in this try
  time_point begun;
  time_point sent; ///< the last time
  time_point deadline;
  time_point not_before{};
  int long_tries = 0;
  [[nodiscard]] bool is_large() const { return payload.bytes > payload_in_memory_bytes_max; }
  /// Only what was sent to its end can be in the log.
  [[nodiscard]] bool may_be_there() const { return !is_large() || *read_bytes == payload.bytes; }
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

  /// Takes answers for a while, or until there is something to read; false when nobody takes them any more.
  bool go_on(int pipe, std::chrono::milliseconds most) {
    client_.run_until(
        [this, pipe] {
          send_retries();
          show();
          pollfd ready{pipe, POLLIN, 0};
          return !console_.ok() || ::poll(&ready, 1, 0) > 0;
        },
        steady_now() + most, pipe);
    return console_.ok();
  }

  /// What was sent has a moment to be answered: an answer is worth more than a doubt.
  void await_last_answers() {
    session_.ignore_interrupts();
    client_.run_until([this] { return std::ranges::none_of(under_way_, &attempt::may_be_there); },
                      steady_now() + last_answers_wait);
  }

  /// False when it was interrupted.
  bool start(const std::string &file) {
    result<client::payload_source> payload =
        source_of_file(file, [this](int pipe, std::chrono::milliseconds most) { return go_on(pipe, most); });
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
    const auto read_bytes = std::make_shared<std::uint64_t>(0);
    send({file, header(), counted(std::move(*payload), read_bytes), read_bytes, now, now, now + common_.timeout});
    return true;
  }

  /// Writes down how far the payload has been read.
  static client::payload_source counted(client::payload_source from, const std::shared_ptr<std::uint64_t> &read_bytes) {
    from.read = [read = std::move(from.read), read_bytes](std::uint64_t at, std::uint64_t bytes) {
      *read_bytes = at + bytes;
      return read(at, bytes);
    };
    return from;
  }

  wire::record_header header() {
    wire::record_header made;
    made.has_key = what_.key.has_value();
    made.key = what_.key.value_or("");
    for (const auto &[name, value] : what_.headers) {
      made.headers.push_back({name, value});
    }
    if (!what_.producer.empty()) {
      made.producer = {what_.producer, epoch_, ++sequence_, predecessor_};
    }
    return made;
  }

  void send(attempt next) {
    next.sent = steady_now();
    *next.read_bytes = 0;
    // A large record takes as long as it goes on; what is limited is the wait for each answer.
    const time_point deadline = next.is_large() ? next.sent + common_.timeout : next.deadline;
    const auto at = under_way_.insert(under_way_.end(), std::move(next));
    client_.machine().append(what_.log, at->header, at->payload, deadline,
                             [this, at](const wire::append_result &answer) {
                               attempt sent = std::move(*at);
                               under_way_.erase(at);
                               answered(std::move(sent), answer);
                             });
  }

  void answered(attempt of, const wire::append_result &answer) {
    // A try that cannot be answered before the time is up would end in doubt: as long as this one took, at least.
    const time_point now = steady_now();
    const time_point again = now + retry_pause;
    if (of.is_large() && *of.read_bytes > 0 && of.long_tries < long_tries_max) {
      ++of.long_tries;
      of.sent = now;
      of.deadline = now + common_.timeout;
    }
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
    bytes_ += of.payload.bytes;
    predecessor_ = of.header.producer.sequence;
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
      console_.text(fmt::format("{} {}: {} bytes, {}{}, {}\n", what_.log, answer.offset, of.payload.bytes,
                                stored_text(answer), answer.duplicate != 0 ? ", was there already" : "",
                                shown(of.file)));
      return;
    }
    console_.object(
        {{"log", what_.log},
         {"offset", answer.offset},
         {"bytes", of.payload.bytes},
         {"stored", std::string(name_of(answer.stored))},
         {"fragments", answer.fragments},
         {"store", answer.store},
         {"policies", to_json(answer.policy_trace)},
         {"duplicate", answer.duplicate != 0},
         {"latency_us", std::chrono::duration_cast<std::chrono::microseconds>(steady_now() - of.begun).count()},
         {"file", of.file}});
  }

  void show() {
    if (progress_.due()) {
      const std::uint64_t done = acknowledged_ + failed_;
      std::uint64_t sent_bytes = bytes_;
      for (const attempt &one : under_way_) {
        sent_bytes += one.is_large() ? *one.read_bytes : 0;
      }
      const std::string waits = retries_.empty() ? "" : fmt::format(", tried again: {}", outsize::name_of(last_later_));
      progress_.draw(fmt::format("{} {} of {} records, {} MiB, {} failed{}", bar(done, what_.files.size()), done,
                                 what_.files.size(), sent_bytes / wire::mib, failed_, waits));
    }
  }

  /// What became of everything that was to be appended, for somebody who has to go on from here.
  problem unfinished(code why, std::string text) const {
    std::vector<std::string> doubtful;
    for (const attempt &one : under_way_) {
      if (one.may_be_there()) {
        doubtful.push_back(shown(one.file));
      }
    }
    const std::uint64_t in_doubt = in_doubt_ + doubtful.size();
    const std::uint64_t failed = failed_ - in_doubt_ + (in_flight() - doubtful.size());
    std::string remedy = "append again what is not acknowledged";
    if (in_doubt != 0) {
      remedy += "; read the log before you repeat what is in doubt";
      remedy += doubtful.empty() ? "" : fmt::format(": {}", fmt::join(doubtful, " "));
    }
    return {why,
            std::move(text),
            fmt::format("{} of {} records acknowledged, {} failed, {} in doubt", acknowledged_, what_.files.size(),
                        failed, in_doubt),
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
  return append_run(what, common, with, to).run();
}

} // namespace outsize::host
