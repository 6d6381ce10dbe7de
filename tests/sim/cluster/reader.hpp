// A client that reads every log from its beginning, follows it, and asks for its tail now and then. Of a large record
// it reads the payload, all of it, before it goes on.
//
// Thread rule: one thread.
#pragma once

#include "sim/cluster/plugin_host.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"

#include <outsize/client/client.hpp>
#include <outsize/client/payload_reader.hpp>

#include <deque>
#include <map>
#include <memory>
#include <string>

namespace outsize::sim {

class reader {
public:
  reader(world &in, const scenario &plan, const client_settings &settings);
  reader(const reader &) = delete;
  reader &operator=(const reader &) = delete;

  /// Reads every log again from its beginning.
  void begin_again();
  /// Where it is in a log: everything before has been seen.
  [[nodiscard]] offset_t place(const std::string &log) const;
  [[nodiscard]] std::string describe() const;

  [[nodiscard]] bool wants_poll() const;
  void poll();
  [[nodiscard]] time_point next_time() const { return next_; }
  [[nodiscard]] const std::string &name() const { return settings_.name; }

private:
  struct log_state {
    offset_t next = wire::first_offset;
    time_point read_at{};
    time_point ask_tail_at{};
    std::uint32_t round = 0; ///< counts begin_again: an answer of an older one is not for us
    std::string last_error;
    std::deque<client::read_record> large; ///< records whose payloads are still to be read; the first is being read
    std::unique_ptr<client::payload_reader> payload;
    rope payload_bytes; ///< of it, so far
    time_point payload_at = never;
  };
  void read_payload(const std::string &log, log_state &of);
  void on_payload(const std::string &log, log_state &of, const result<rope> &bytes);
  void read(const std::string &log, log_state &of);
  void ask_tail(const std::string &log, log_state &of);

  world &world_;
  const client_settings &settings_;
  random_source random_;
  plugin_host host_;
  client::client client_;
  std::map<std::string, log_state> logs_;
  time_point next_{};
};

} // namespace outsize::sim
