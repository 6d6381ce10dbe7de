// One segment on a log server: what is durable, what is in flight, and what may come next.
//
// Two rows are kept: the durable one, from which every answer is made, and the accepted one, which holds once
// everything in flight is durable, and by which order is judged. A commit refused for a full disk takes all those
// behind it along (see storage); when the last of them is told, the accepted row is the durable one again.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/logserver/context.hpp"
#include "host/logserver/placement.hpp"
#include "host/logserver/store_check.hpp"

#include <outsize/wire/messages.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace outsize::host {

class stored_segment {
public:
  template <class Answer> using answer_to = std::function<void(Answer)>;

  /// A segment never heard of: its first offset is the smallest there is.
  stored_segment(server_context &context, const segment_id &id);
  stored_segment(server_context &context, const segment_id &id, segment_row row);
  stored_segment(const stored_segment &) = delete;
  stored_segment &operator=(const stored_segment &) = delete;

  void on_store(checked_store store, answer_to<wire::stored> answer);
  void on_seal(const wire::seal &message, answer_to<wire::sealed> answer);
  void on_release(const wire::release &message);
  void set_base(offset_t base);
  /// The global tail, as somebody knows it.
  void learn_tail(offset_t global_tail);

  [[nodiscard]] wire::server_state state() const;
  [[nodiscard]] const segment_snapshot &snapshot() const { return snapshot_; }
  /// Nothing is known that would have to be remembered.
  [[nodiscard]] bool is_blank() const {
    return blank_ && base_ == wire::first_offset && snapshot_.global_tail == wire::no_offset;
  }
  /// Nothing of it was ever written here.
  [[nodiscard]] bool is_unwritten() const { return blank_; }

private:
  struct in_flight_commit;
  struct store_operation;
  using outcome_told = std::function<void(const result<void> &)>;

  [[nodiscard]] std::optional<error> refuses(const checked_store &store) const;
  [[nodiscard]] std::optional<error> cannot_write() const;
  [[nodiscard]] error no_room() const;
  [[nodiscard]] std::shared_ptr<in_flight_commit> in_flight_with(offset_t offset) const;
  [[nodiscard]] std::optional<offset_t> differs_in_flight(const checked_store &store, const placement &placed) const;
  void learn_from(const checked_store &store);

  void carry_out(checked_store store, placement placed, answer_to<wire::stored> answer);
  void write_fresh(const std::shared_ptr<store_operation> &operation, const placement &placed);
  void wait_for_in_flight(const std::shared_ptr<store_operation> &operation, const placement &placed);
  void compare_durable(const std::shared_ptr<store_operation> &operation, const placement &placed);
  void mend(const std::shared_ptr<store_operation> &operation, const std::vector<std::size_t> &damaged);
  void end_part(store_operation &operation, const result<void> &outcome);

  void submit(const checked_store &from, const std::vector<std::size_t> &indices, segment_row row, outcome_told then);
  void submit_row(segment_row row, outcome_told then);
  void submit(commit what, std::shared_ptr<in_flight_commit> next);
  void on_committed(const std::shared_ptr<in_flight_commit> &done, const result<void> &outcome);
  void note_durable(const in_flight_commit &done);
  void roll_back();
  error stop_at(offset_t offset);

  server_context &context_;
  segment_snapshot snapshot_; ///< its row is the durable one
  segment_row accepted_;
  offset_t base_ = wire::first_offset;
  std::deque<std::shared_ptr<in_flight_commit>> in_flight_; ///< in the order submitted
  bool rolling_back_ = false; ///< a commit was refused, and some behind it have not been told yet
  bool blank_ = false;
};

} // namespace outsize::host
