// outsize read: committed records, in order.
#include "commands.hpp"

#include "host/cli/file_error.hpp"
#include "host/cli/interrupt.hpp"
#include "host/cli/sha256.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace outsize::host {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t payload_json_bytes_max = wire::mib;
constexpr std::uint64_t records_per_read_max = 512; ///< a message of very many parts is beyond some transports
constexpr duration tail_wait = std::chrono::seconds(1);
constexpr duration retry_pause = std::chrono::milliseconds(200);

/// Text as it is, other bytes as base64 under a name that says so.
void put_bytes(ordered_json &into, const std::string &name, const std::string &bytes) {
  if (is_utf8(bytes)) {
    into[name] = bytes;
  } else {
    into[name + "_base64"] = base64(rope(buffer::copy_of(bytes)));
  }
}

ordered_json headers_json(const wire::record_header &header) {
  ordered_json made = ordered_json::array();
  for (const wire::record_field &field : header.headers) {
    ordered_json one;
    put_bytes(one, "name", field.name);
    put_bytes(one, "value", field.value);
    made.push_back(std::move(one));
  }
  return made;
}

result<void> write_file(const std::string &path, const rope &payload) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE *)> out(std::fopen(path.c_str(), "wb"), &std::fclose);
  bool written = out != nullptr;
  for (const buffer &part : payload.parts()) {
    written = written && std::fwrite(part.data(), 1, part.size(), out.get()) == part.size();
  }
  if (!written || std::fflush(out.get()) != 0) {
    return file_error(path, "written", errno);
  }
  return {};
}

result<void> make_folder(const std::string &path) {
  std::error_code why;
  std::filesystem::create_directories(path, why);
  return why ? file_error(path, "made a folder", why.value()) : result<void>();
}

class read_run {
public:
  read_run(const read_command &what, const common_options &common, session &with, console &to)
      : what_(what), common_(common), client_(with.client()), console_(to), next_(what.from) {}

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
      if (result<void> shown = show(record); !shown) {
        return shown;
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
    std::string file;
    if (!what_.output_dir.empty()) {
      file = fmt::format("{}/{}", what_.output_dir, record.offset);
      if (result<void> written = write_file(file, record.payload); !written) {
        return written;
      }
    }
    if (console_.json()) {
      console_.object(json_of(record, file));
    } else if (file.empty()) {
      console_.bytes(record.payload);
    } else {
      console_.text(fmt::format("{} {}: {} bytes, {}\n", what_.log, record.offset, record.payload.size(), file));
    }
    return {};
  }

  ordered_json json_of(const client::read_record &record, const std::string &file) const {
    ordered_json made{{"offset", record.offset},
                      {"bytes", record.payload.size()},
                      {"sha256", sha256_hex(record.payload)},
                      {"timestamp_ms", record.timestamp_ms}};
    if (record.header.has_key) {
      put_bytes(made, "key", record.header.key);
    }
    made["headers"] = headers_json(record.header);
    if (!record.header.producer.producer.empty()) {
      made["producer"] = record.header.producer.producer;
      made["sequence"] = record.header.producer.sequence;
    }
    if (!file.empty()) {
      made["file"] = file;
    } else if (!what_.no_payload && record.payload.size() <= payload_json_bytes_max) {
      made["payload"] = base64(record.payload);
    }
    return made;
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
};

} // namespace

int run(const read_command &what, const common_options &common, session &with, console &to) {
  return read_run(what, common, with, to).run();
}

} // namespace outsize::host
