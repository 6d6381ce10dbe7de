// Sealing a segment: fences older generations at its log servers and learns how far each of them got.
//
// It is done when an f-majority has answered: nodeset size minus replication plus one servers, so that every write
// quorum has a member among them and no older sequencer can commit anything any more. It goes on with the others as
// they come, because each of them may hold the copy that a repair needs.
//
// A machine on `peers`. Thread rule: one thread; callbacks end with task.changed.
#pragma once

#include "host/segment/member_try.hpp"
#include "host/segment/peers.hpp"
#include "host/segment/segment_task.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace outsize::host {

class segment_seal {
public:
  using states = std::map<std::string, wire::server_state>;

  /// `servers` outlives it.
  segment_seal(segment_task task, peers &servers);
  segment_seal(const segment_seal &) = delete;
  segment_seal &operator=(const segment_seal &) = delete;

  /// Asks whoever may be asked.
  void step(time_point now);
  void on_link_up(const std::string &node);
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] const segment_task &task() const { return task_; }
  /// Who has sealed, and where each stood when it did.
  [[nodiscard]] const states &sealed() const { return sealed_; }
  [[nodiscard]] bool done() const { return sealed_.size() >= task_.f_majority(); }
  /// Set when a newer generation has fenced us.
  [[nodiscard]] const std::optional<std::string> &superseded() const { return superseded_; }
  /// Whom it waits for, and why.
  [[nodiscard]] std::string waits_for() const;

private:
  void ask(const std::string &node, time_point now);
  void on_answer(const std::string &node, const result<wire::sealed> &answer);
  void on_failure(const std::string &node, const error &why);

  segment_task task_;
  peers &servers_;
  std::map<std::string, member_try> members_;
  states sealed_;
  std::optional<std::string> superseded_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
