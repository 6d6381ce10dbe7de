// Sealing a segment: fences every older generation at an f-majority of its log servers, durably, and learns how far
// each of them got. Members that do not answer are asked again, until there are enough.
//
// A machine: it acts through `peers`, is told the time, and reports through `done` and the functions below.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/chain/records.hpp"
#include "host/segment/peers.hpp"

#include <outsize/time.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

class seal_round {
public:
  struct settings {
    segment_id segment;
    generation_t generation = 0;
    std::vector<std::string> nodeset;
    std::uint32_t replication = 0;
    duration timeout{};
    duration pause{};
  };
  /// `servers` outlives the round.
  seal_round(settings how, peers &servers);
  ~seal_round();
  seal_round(const seal_round &) = delete;
  seal_round &operator=(const seal_round &) = delete;

  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;

  /// Enough members are sealed.
  [[nodiscard]] bool done() const;
  /// A newer generation has fenced ours.
  [[nodiscard]] bool superseded() const { return superseded_; }
  /// Members that are sealed, with what they said.
  [[nodiscard]] const std::map<std::string, wire::server_state> &answers() const { return answers_; }
  /// "sealed on n3; waiting for n1 (no link), n2 (timed out)".
  [[nodiscard]] std::string waits_for() const;

private:
  void ask(const std::string &node, time_point now);

  settings settings_;
  peers &peers_;
  std::map<std::string, wire::server_state> answers_;
  std::map<std::string, std::string> failures_; ///< last, by member
  std::map<std::string, time_point> ask_at_;    ///< by member not asked now
  bool superseded_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  time_point now_{};
};

} // namespace outsize::host
