// A client that appends: at its own pace, several at once, or as a producer with sequences, one after the other, who
// sends a sequence again until it knows what became of it. Some have payloads that cannot be read to their end; some
// leave in the middle of everything, and never hear what became of it.
//
// Thread rule: one thread.
#pragma once

#include "sim/cluster/plugin_host.hpp"
#include "sim/cluster/record_source.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"

#include <outsize/client/client.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace outsize::sim {

class appender {
public:
  appender(world &in, const scenario &plan, const client_settings &settings);
  appender(const appender &) = delete;
  appender &operator=(const appender &) = delete;

  /// No appends of its own will any more; what is under way ends.
  void rest() { resting_ = true; }
  /// Appends a small record to every log, again and again, until each is acknowledged.
  void probe();
  [[nodiscard]] bool probes_done() const { return probing_.empty(); }
  [[nodiscard]] std::size_t in_flight() const { return unanswered_.size(); }
  [[nodiscard]] std::string describe() const;

  [[nodiscard]] bool wants_poll() const;
  void poll();
  [[nodiscard]] time_point next_time() const { return next_; }
  [[nodiscard]] const std::string &name() const { return settings_.name; }

private:
  /// What a producer knows of one log.
  struct producer_state {
    wire::producer_fields fields;
    std::unique_ptr<client::record> open; ///< sent, and what became of it is not known
    bool waiting = false;                 ///< for the answer to `open`
    std::uint32_t tries = 0;
  };

  void append_something();
  void append_in_sequence(const std::string &log);
  void send(const std::string &log, client::record what, std::function<void(const wire::append_result &)> then);
  void on_sequence_answer(producer_state &of, const wire::append_result &answer);
  void send_probe(const std::string &log);
  /// The payload of some large records cannot be read to its end.
  [[nodiscard]] client::payload_source source_of(const rope &payload);
  void on_answer(std::uint64_t number, const wire::append_result &answer);
  /// The client goes with all its links; another one begins.
  void leave();
  void begin();

  world &world_;
  const client_settings &settings_;
  random_source random_;
  plugin_host host_;
  record_source records_;
  std::vector<std::string> logs_;
  std::unique_ptr<client::client> client_;
  struct unanswered {
    sent_append made;
    std::function<void(const wire::append_result &)> then;
  };
  std::map<std::uint64_t, unanswered> unanswered_; ///< by number
  std::uint64_t last_number_ = 0;
  std::map<std::string, producer_state> producers_; ///< by log
  std::map<std::string, time_point> probing_;       ///< when to send the next; never while one is under way
  std::uint64_t left_ = 0;
  bool resting_ = false;
  time_point leave_at_ = never;
  time_point append_at_{};
  time_point next_{};
};

/// A client of simulated machines.
client::client_options client_options_of(const client_settings &settings, random_source random);

} // namespace outsize::sim
