// outsize read: committed records, in order. The payload of a large one passes through in pieces.
#include "commands.hpp"

#include "host/cli/file_error.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/progress.hpp"
#include "host/cli/record_output.hpp"

#include <outsize/client/payload_reader.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace outsize::host {
namespace {

constexpr std::uint64_t records_per_read_max = 512; ///< a message of very many parts is beyond some transports
constexpr duration tail_wait = std::chrono::seconds(1);
constexpr duration retry_pause = std::chrono::milliseconds(200);

result<void> make_folder(const std::string &path) {
  std::error_code why;
  std::filesystem::create_directories(path, why);
  return why ? file_error(path, "made a folder", why.value()) : result<void>();
}

class read_run {
public:
  read_run(const read_command &what, const common_options &common, session &with, console &to)
      : what_(what), common_(common), client_(with.client()), console_(to), next_(what.from),
        progress_(!common.json && !what.output_dir.empty()) {}

  int run() {
    if (!what_.output_dir.empty()) {
      if (result<void> made = make_folder(what_.output_dir); !made) {
        return console_.failed(made.error());
      }
    }
    find_end();
    while (!finished_) {
      if (result<void> done = step(); !done) {
        return console_.failed(done.error());
      }
    }
    return interrupted() ? report_interrupt() : exit_done;
  }

private:
  /// Any node serves reads, up to the tail that it has heard of; what was acknowledged before this command began is
  /// below the sequencer's. When that cannot be reached, what the node knows has to do.
  void find_end() {
    if (what_.follow) {
      return;
    }
    const result<wire::tail> tail = client_.find_tail(what_.log);
    end_ = tail ? tail->global_tail : wire::no_offset;
  }

  result<void> step() {
    result<client::read_batch> batch = client_.read(what_.log, question());
    if (!batch) {
      return again_later(std::move(batch).error());
    }
    failing_since_ = never;
    for (const client::read_record &record : batch->records) {
      next_ = record.offset; // where to go on when it is not shown to its end
      if (result<void> shown = show(record); !shown) {
        return shown;
      }
      if (finished_) {
        return {};
      }
      ++records_;
    }
    next_ = std::max(next_, batch->next);
    const bool at_end = next_ >= std::max(batch->global_tail, end_) && !what_.follow;
    finished_ = at_end || next_ > what_.to || counted_out() || !console_.ok() || interrupted();
    return {};
  }

  client::read_options question() const {
    client::read_options how;
    how.from = next_;
    how.to = what_.to;
    how.count_max = static_cast<std::uint32_t>(std::min(left(), records_per_read_max));
    how.wait = what_.follow || next_ < end_ ? tail_wait : duration::zero();
    return how;
  }
  std::uint64_t left() const { return what_.count == 0 ? UINT64_MAX : what_.count - records_; }
  bool counted_out() const { return what_.count != 0 && records_ >= what_.count; }

  /// What may pass later is asked again until the command's time is up.
  result<void> again_later(error why) {
    if (interrupted()) {
      finished_ = true;
      return {};
    }
    const time_point now = steady_now();
    failing_since_ = std::min(failing_since_, now);
    const bool is_passing = why.retry() == retry_class::later || why.retry() == retry_class::reconnect;
    if (!is_passing || now >= failing_since_ + common_.timeout) {
      return said_by_node(std::move(why));
    }
    client_.run_until([] { return false; }, now + retry_pause);
    return {};
  }

  result<void> show(const client::read_record &record) {
    const std::string file =
        what_.output_dir.empty() ? std::string{} : fmt::format("{}/{}", what_.output_dir, record.offset);
    record_output out(what_.log, record, file, what_.no_payload, console_);
    if (result<void> begun = out.begin(); !begun) {
      return begun;
    }
    if (result<void> taken = record.large.has_value() ? pass_on(record, out) : out.take(record.payload);
        !taken || finished_) {
      return taken;
    }
    progress_.clear();
    return out.finish();
  }

  /// All of a large record's payload; finished_ when nobody wants the rest.
  result<void> pass_on(const client::read_record &record, record_output &out) {
    client::payload_reader payload(client_.machine(), what_.log, record);
    for (;;) {
      result<rope> piece = client_.next(payload);
      if (!piece) {
        if (result<void> again = again_later(std::move(piece).error()); !again || finished_) {
          progress_.clear();
          return again;
        }
        continue;
      }
      failing_since_ = never;
      if (piece->empty()) {
        return {};
      }
      if (result<void> taken = out.take(*piece); !taken) {
        return taken;
      }
      if (!console_.ok()) {
        finished_ = true;
        return {};
      }
      show_progress(payload);
    }
  }

  void show_progress(const client::payload_reader &payload) {
    if (progress_.due()) {
      progress_.draw(fmt::format("{} {} of {} MiB", bar(payload.position(), payload.total_bytes()),
                                 payload.position() / wire::mib, payload.total_bytes() / wire::mib));
    }
  }

  int report_interrupt() {
    return console_.failed({code::interrupted, "the read was interrupted", fmt::format("{} records read", records_),
                            "log " + what_.log, "", fmt::format("go on with --from {}", next_)});
  }

  const read_command &what_;
  const common_options &common_;
  client::blocking_client &client_;
  console &console_;
  wire::offset_t next_;
  wire::offset_t end_ = wire::no_offset; ///< the tail when the command began
  std::uint64_t records_ = 0;
  time_point failing_since_ = never;
  bool finished_ = false;
  progress progress_;
};

} // namespace

int run(const read_command &what, const common_options &common, session &with, console &to) {
  return read_run(what, common, with, to).run();
}

} // namespace outsize::host
