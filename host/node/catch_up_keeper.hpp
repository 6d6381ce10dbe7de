// Tells the log server's catch-up what each segment of this node should hold: the end of a closed segment, the known
// global tail of the open one.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/logserver/catch_up.hpp"
#include "host/node/context.hpp"

#include <memory>

namespace outsize::host {

class catch_up_keeper {
public:
  /// `server` is the node's log server and outlives the keeper.
  catch_up_keeper(node_context &node, log_server &server);

  void on_damaged(const segment_id &segment, offset_t offset) { machine_.on_damaged(segment, offset); }
  /// The chains changed.
  void on_view_changed() { look_at_ = node_.now; }
  void on_time();
  [[nodiscard]] time_point next_time() const;
  [[nodiscard]] const catch_up &machine() const { return machine_; }

private:
  void set_goals();
  void fetch(const std::string &from, wire::fetch message, duration patience, catch_up::answered then);

  node_context &node_;
  log_server &server_;
  catch_up machine_;
  time_point look_at_{};
};

} // namespace outsize::host
