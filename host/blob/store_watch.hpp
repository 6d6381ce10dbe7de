// What is known of one blob store: whether it answers, whether it is the one that the metadata knows, what is free.
//
// It is looked at every few seconds, and at once when there is a reason to. A look that brings no answer in time counts
// as one that failed, whatever the plugin does meanwhile.
//
// A machine: it is told outcomes and the time, and says when it wants the next look.
//
// Thread rule: the loop thread.
#pragma once

#include "host/blob/blob_calls.hpp"
#include "host/blob/blob_stores.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace outsize::host {

enum class store_standing : std::uint8_t {
  unknown,     ///< no look has come back yet, or the metadata has not been heard from
  ready,       ///< it answers, and it is the right one
  full,        ///< the same, without room
  unavailable, ///< it does not answer, or says why it cannot
  foreign,     ///< what is there is not the store that the metadata knows
};

class store_watch {
public:
  struct times {
    duration look_every = std::chrono::seconds(5);
    duration look_timeout = std::chrono::seconds(10); ///< of one look
  };
  store_watch(std::string name, times how) : name_(std::move(name)), times_(how) {}

  /// What the metadata says.
  void expect(const marker_expectation &what, time_point now);

  [[nodiscard]] bool wants_look(time_point now) const { return !looking_ && now >= look_at_; }
  [[nodiscard]] time_point look_deadline(time_point now) const { return now + times_.look_timeout; }
  void on_look_begun(time_point now);
  void on_looked(const result<store_look> &found, time_point now);
  /// Somebody has reason to think that things have changed.
  void look_now() { look_at_ = {}; }
  /// It refused a blob for want of room.
  void on_disk_full(time_point now);
  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const;

  [[nodiscard]] store_standing standing() const { return standing_; }
  /// In one line, why it is not ready; empty when it is.
  [[nodiscard]] const std::string &reason() const { return reason_; }
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const { return free_bytes_; }
  /// As the last look that succeeded found it.
  [[nodiscard]] const std::optional<blob_marker> &marker() const { return marker_; }
  /// It answers and has no marker, and the metadata knows of none: one may be made.
  [[nodiscard]] bool lacks_marker() const;

  /// Why nothing may be read from it or written to it. A store that was the right one when it last answered may be
  /// tried: it says itself what is wrong.
  [[nodiscard]] std::optional<error> refusal() const;

private:
  void judge(time_point now);
  void judge_marker();
  void stand(store_standing standing, std::string reason);

  const std::string name_;
  const times times_;
  marker_expectation expected_;
  std::uint64_t expectation_ = 0; ///< counts the markers that were expected
  std::uint64_t looking_for_ = 0; ///< the count when the look under way began
  std::uint64_t looked_for_ = 0;  ///< and that of the last one that succeeded

  bool looking_ = false;
  time_point look_at_{};
  time_point silent_from_ = never; ///< when the look under way has taken too long
  bool is_silent_ = false;
  bool has_answered_ = false;
  std::optional<error> failure_; ///< of the last look
  std::optional<blob_marker> marker_;
  std::optional<std::uint64_t> free_bytes_;
  time_point full_until_{}; ///< it refused a blob, and cannot say what is free

  store_standing standing_ = store_standing::unknown;
  std::string reason_ = "it has not been looked at yet";
  bool is_right_ = false; ///< by the last look that succeeded
};

} // namespace outsize::host
