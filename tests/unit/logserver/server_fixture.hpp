// A log server on a fault store, with the verbs its tests are written in.
#pragma once

#include "host/logserver/log_server.hpp"
#include "support/fault_store.hpp"
#include "support/make_entry.hpp"

#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::test {

inline const wire::segment_id segment{7, 2};

template <class Answer> using pending = std::shared_ptr<std::optional<Answer>>;

struct fetch_outcome {
  result<wire::fetched> answer;
  rope payload;
};

struct set_outcome {
  result<wire::set_fetched> answer;
  rope payload;
};

class server_fixture {
public:
  explicit server_fixture(std::uint64_t memory_budget_bytes = 1 << 20) : budget_(memory_budget_bytes) { start(); }

  void start() {
    host::log_server_options options;
    options.memory_budget_bytes = budget_;
    options.on_fail_stop = [this](const error &why) { fail_stops.push_back(why); };
    options.on_segment_stopped = [this](const wire::segment_id &, const error &why) {
      stopped_segments.push_back(why);
    };
    options.on_damaged = [this](const wire::segment_id &, wire::offset_t offset) { damaged.push_back(offset); };
    auto known = disk.load();
    server = std::make_unique<host::log_server>(disk, *known, options);
  }
  /// The process dies: of the commits in flight the first `survivors` are on disk.
  void restart(std::size_t survivors = 0) {
    disk.crash(survivors);
    start();
  }

  pending<wire::stored> send(const made_store &store) {
    auto answer = std::make_shared<std::optional<wire::stored>>();
    server->on_store(store.message, store.payload, time_point{}, [answer](wire::stored got) { *answer = got; });
    return answer;
  }
  /// Sends [first, end) and lets everything finish that is not held.
  pending<wire::stored> send(wire::offset_t first, wire::offset_t end, wire::offset_t global_tail = 0,
                             wire::generation_t generation = 1, std::uint8_t flags = 0) {
    auto made = make_store(segment, first, end, generation);
    made.message.global_tail = global_tail;
    made.message.flags = flags;
    auto answer = send(made);
    disk.settle();
    return answer;
  }
  pending<wire::sealed> seal(wire::generation_t generation, wire::offset_t global_tail = 0) {
    auto answer = std::make_shared<std::optional<wire::sealed>>();
    server->on_seal({segment, generation, global_tail}, [answer](wire::sealed got) { *answer = got; });
    disk.settle();
    return answer;
  }
  void release(wire::offset_t global_tail, wire::generation_t generation = 1) {
    server->on_release({segment, generation, global_tail});
    disk.settle();
  }
  pending<fetch_outcome> fetch(wire::fetch message) {
    message.segment = segment;
    auto answer = std::make_shared<std::optional<fetch_outcome>>();
    server->on_fetch(message, [answer](result<wire::fetched> got, rope payload) {
      *answer = fetch_outcome{std::move(got), std::move(payload)};
    });
    disk.settle();
    return answer;
  }
  pending<set_outcome> fetch_set(wire::fetch_set message) {
    message.segment = segment;
    auto answer = std::make_shared<std::optional<set_outcome>>();
    server->on_fetch_set(message, [answer](result<wire::set_fetched> got, rope payload) {
      *answer = set_outcome{std::move(got), std::move(payload)};
    });
    disk.settle();
    return answer;
  }
  pending<wire::entries> list(wire::offset_t from, wire::offset_t to, std::uint32_t count_max = 0) {
    auto answer = std::make_shared<std::optional<wire::entries>>();
    server->on_list_entries({segment, from, to, count_max}, [answer](result<wire::entries> got, rope) {
      if (got) {
        *answer = *std::move(got);
      }
    });
    disk.settle();
    return answer;
  }
  [[nodiscard]] wire::server_state state() const { return server->on_describe({segment}).state; }
  [[nodiscard]] host::segment_row durable_row() const {
    const auto *row = disk.durable_row(segment);
    return row == nullptr ? host::segment_row{} : *row;
  }

  fault_store disk;
  std::unique_ptr<host::log_server> server;
  std::vector<error> fail_stops;
  std::vector<error> stopped_segments;
  std::vector<wire::offset_t> damaged;

private:
  std::uint64_t budget_;
};

/// ok: stored; no code at all (interrupted stands for it): no answer yet.
template <class Answer> code outcome_of(const pending<Answer> &answer) {
  if (!answer->has_value()) {
    return code::interrupted;
  }
  return (*answer)->refused ? (*answer)->refused->why : code::ok;
}
inline constexpr code unanswered = code::interrupted;

/// The offsets of encoded headers.
inline std::vector<wire::offset_t> offsets_of(const std::vector<buffer> &headers) {
  std::vector<wire::offset_t> offsets;
  for (const buffer &header : headers) {
    const auto decoded = wire::decode_entry_header(header.span());
    offsets.push_back(decoded ? decoded->offset : 0);
  }
  return offsets;
}

} // namespace outsize::test

namespace Catch {
template <> struct StringMaker<outsize::code> {
  static std::string convert(outsize::code value) { return std::string(outsize::name_of(value)); }
};
} // namespace Catch
