// outsize bench: appends made-up records with a given concurrency and mix of sizes, measures each answer, and reads the
// acknowledged ones back when asked to.
#include "commands.hpp"

#include "host/cli/interrupt.hpp"
#include "host/cli/latencies.hpp"
#include "host/cli/progress.hpp"

#include <outsize/client/payload_reader.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>

namespace outsize::host {
namespace {

using nlohmann::ordered_json;

constexpr std::uint32_t records_per_read_max = 512; ///< as in read.cpp
constexpr std::uint64_t shift_max = 4096;           ///< records start at different bytes, so that equal sizes differ
constexpr std::uint64_t source_bytes_max = 8 * wire::mib; ///< larger records have it several times

/// Random bytes, so that no layer can compress them; records are made of slices of it, without a copy.
buffer random_bytes(std::uint64_t bytes) {
  std::mt19937_64 source(random_bits());
  writable_buffer made(bytes + sizeof(std::uint64_t));
  for (std::uint64_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = source();
    std::memcpy(made.data() + at, &word, sizeof word);
  }
  made.set_size(bytes);
  return std::move(made).freeze();
}

/// `count` bytes of the endless repetition of `source`, from position `from` on.
rope made_bytes(const buffer &source, std::uint64_t from, std::uint64_t count) {
  rope made;
  for (std::uint64_t at = from % source.size(); count > 0; at = 0) {
    const std::uint64_t taken = std::min(count, source.size() - at);
    made.append(source.slice(at, taken));
    count -= taken;
  }
  return made;
}

struct sent_record {
  std::uint64_t shift = 0;
  std::uint64_t bytes = 0;
};

class bench_run {
public:
  bench_run(const bench_command &what, const common_options &common, session &with, console &to)
      : what_(what), common_(common), client_(with.client()), console_(to), progress_(!common.json),
        source_(random_bytes(std::min(what.sizes.largest(), source_bytes_max) + shift_max)), random_(random_bits()) {}

  int run() {
    started_ = steady_now();
    const time_point end = what_.count != 0 ? never : started_ + what_.seconds;
    client_.run_until(
        [&] {
          fill(end);
          show(end);
          return in_flight_ == 0 && (enough() || steady_now() >= end);
        },
        never);
    ended_ = steady_now();
    progress_.clear();
    std::uint64_t wrong = 0;
    if (what_.verify && !interrupted()) {
      result<std::uint64_t> verified = verify();
      if (!verified) {
        return console_.failed(said_by_node(verified.error()));
      }
      wrong = acknowledged_.size() - *verified;
    }
    report(wrong);
    if (interrupted()) {
      return console_.failed({code::interrupted, "the bench was interrupted",
                              fmt::format("{} records acknowledged, {} refused, {} in doubt", latencies_.count(),
                                          sent_ - latencies_.count() - in_flight_, in_flight_),
                              "log " + what_.log, "", "the figures are of what was answered"});
    }
    return errors_.empty() && wrong == 0 ? exit_done : exit_refused;
  }

private:
  /// What only somebody can change is not asked for again and again.
  bool is_hopeless() const { return !errors_.empty() && retry_of(last_refusal_.why) == retry_class::after_change; }
  bool enough() const { return (what_.count != 0 && sent_ >= what_.count) || is_hopeless(); }

  void fill(time_point end) {
    while (in_flight_ < what_.in_flight && !enough() && steady_now() < end && !interrupted()) {
      send_one();
    }
  }

  void send_one() {
    const std::uint64_t bytes = what_.sizes.pick(random_());
    const sent_record one{random_() % shift_max, bytes};
    client::payload_source payload;
    payload.bytes = bytes;
    payload.read = [source = source_, shift = one.shift](std::uint64_t from, std::uint64_t count) {
      return result<rope>(made_bytes(source, shift + from, count));
    };
    ++sent_;
    ++in_flight_;
    const time_point begun = steady_now();
    client_.machine().append(what_.log, {}, std::move(payload), begun + common_.timeout,
                             [this, one, begun](const wire::append_result &answer) { take(one, begun, answer); });
  }

  void take(const sent_record &one, time_point begun, const wire::append_result &answer) {
    --in_flight_;
    if (answer.refused.has_value()) {
      ++errors_[std::string(outsize::name_of(answer.refused->why))];
      last_refusal_ = *answer.refused;
      return;
    }
    latencies_.add(steady_now() - begun);
    bytes_ += one.bytes;
    first_ = std::min(first_, answer.offset);
    if (what_.verify) {
      acknowledged_.emplace(answer.offset, one);
    }
  }

  /// Reads from the first acknowledged record on; returns how many were there, whole and equal.
  result<std::uint64_t> verify() {
    std::uint64_t equal = 0;
    client::read_options how;
    how.count_max = records_per_read_max;
    for (how.from = first_; !acknowledged_.empty() && how.from <= acknowledged_.rbegin()->first;) {
      const result<client::read_batch> batch = client_.read(what_.log, how);
      if (!batch) {
        return batch.error();
      }
      for (const client::read_record &record : batch->records) {
        const auto found = acknowledged_.find(record.offset);
        if (found == acknowledged_.end()) {
          continue; // of somebody else
        }
        const result<bool> same = is_equal(record, found->second);
        if (!same) {
          return same.error();
        }
        equal += *same ? 1 : 0;
      }
      if (batch->next <= how.from) {
        break; // the log ends before the last acknowledged record: those are counted as wrong
      }
      how.from = batch->next;
    }
    return equal;
  }

  /// A large record's payload is read here, and compared piece by piece. An error when it cannot be read.
  result<bool> is_equal(const client::read_record &record, const sent_record &one) {
    if (record.payload_bytes() != one.bytes) {
      return false;
    }
    if (!record.large.has_value()) {
      return is_equal(record.payload, one.shift);
    }
    client::payload_reader payload(client_.machine(), what_.log, record);
    for (;;) {
      const std::uint64_t at = one.shift + payload.position();
      const result<rope> piece = client_.next(payload);
      if (!piece && is_damage(piece.error().code)) {
        return false; // it does not come back as it was
      }
      if (!piece) {
        return piece.error();
      }
      if (piece->empty() || !is_equal(*piece, at)) {
        return piece->empty();
      }
    }
  }
  static bool is_damage(code why) {
    return why == code::data_loss || why == code::checksum_mismatch || why == code::blob_corrupt ||
           why == code::blob_missing;
  }

  /// Are these the bytes from place `at` of the endlessly repeated source on?
  bool is_equal(const rope &bytes, std::uint64_t at) const {
    at %= source_.size();
    for (const buffer &part : bytes.parts()) {
      for (std::uint64_t from = 0; from < part.size();) {
        const std::uint64_t together = std::min(part.size() - from, source_.size() - at);
        if (std::memcmp(part.data() + from, source_.data() + at, together) != 0) {
          return false;
        }
        from += together;
        at = (at + together) % source_.size();
      }
    }
    return true;
  }

  ordered_json report_json(std::uint64_t wrong) {
    const double seconds = std::chrono::duration<double>(ended_ - started_).count();
    const auto us = [this](double share) {
      return std::chrono::duration_cast<std::chrono::microseconds>(latencies_.at(share)).count();
    };
    ordered_json sizes = ordered_json::array();
    for (const weighted_size &size : what_.sizes.sizes()) {
      sizes.push_back({{"bytes", size.bytes}, {"weight", size.weight}});
    }
    ordered_json made{{"log", what_.log},
                      {"sizes", std::move(sizes)},
                      {"in_flight", what_.in_flight},
                      {"seconds", seconds},
                      {"records", latencies_.count()},
                      {"bytes", bytes_},
                      {"records_per_second", static_cast<double>(latencies_.count()) / seconds},
                      {"bytes_per_second", static_cast<double>(bytes_) / seconds},
                      {"latency_us", {{"p50", us(0.5)}, {"p90", us(0.9)}, {"p99", us(0.99)}, {"max", us(1)}}},
                      {"errors", errors_}};
    if (what_.verify && !interrupted()) {
      made["verified"] = acknowledged_.size() - wrong;
      made["wrong"] = wrong;
    }
    return made;
  }

  void report(std::uint64_t wrong) {
    const ordered_json made = report_json(wrong);
    if (console_.json()) {
      console_.object(made);
      return;
    }
    if (latencies_.count() == 0 && !errors_.empty()) {
      console_.refused(last_refusal_);
      return;
    }
    const ordered_json &latency = made["latency_us"];
    console_.text(fmt::format("{} records, {:.1f} MiB in {:.1f} s: {:.0f} records/s, {:.1f} MiB/s\n",
                              latencies_.count(), static_cast<double>(bytes_) / static_cast<double>(wire::mib),
                              made["seconds"].get<double>(), made["records_per_second"].get<double>(),
                              made["bytes_per_second"].get<double>() / static_cast<double>(wire::mib)));
    console_.text(fmt::format("latency p50 {} us, p90 {} us, p99 {} us, max {} us\n", latency["p50"].dump(),
                              latency["p90"].dump(), latency["p99"].dump(), latency["max"].dump()));
    if (made.contains("verified")) {
      console_.text(fmt::format("read back {} records, {} wrong or missing\n", made["verified"].dump(), wrong));
    }
    if (!errors_.empty()) {
      console_.text(fmt::format("refused: {}\n", ordered_json(errors_).dump()));
      console_.refused(last_refusal_);
    }
  }

  void show(time_point end) {
    if (progress_.due()) {
      const auto ms = [](duration time) {
        return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
      };
      const std::string drawn =
          what_.count != 0 ? bar(sent_, what_.count) : bar(ms(steady_now() - started_), ms(end - started_));
      progress_.draw(fmt::format("{} {} records, {} MiB", drawn, latencies_.count(), bytes_ / wire::mib));
    }
  }

  const bench_command &what_;
  const common_options &common_;
  client::blocking_client &client_;
  console &console_;
  progress progress_;
  buffer source_;
  std::mt19937_64 random_;
  time_point started_{};
  time_point ended_{};
  latencies latencies_;
  std::map<std::string, std::uint64_t> errors_; ///< by code
  wire::refusal last_refusal_;
  std::map<wire::offset_t, sent_record> acknowledged_;
  wire::offset_t first_ = UINT64_MAX;
  std::uint64_t sent_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint32_t in_flight_ = 0;
};

} // namespace

int run(const bench_command &what, const common_options &common, session &with, console &to) {
  return bench_run(what, common, with, to).run();
}

} // namespace outsize::host
