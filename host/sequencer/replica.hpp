// One log server as the writer of a segment sees it: its link, its limits, what it was sent and has not answered, and
// whether and when it may be sent more.
//
// Thread rule: one thread.
#pragma once

#include "host/sequencer/store_timeout.hpp"

#include <outsize/error.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace outsize::host {

/// A store that was sent and not answered yet.
struct outstanding_store {
  std::uint64_t number = 0;
  wire::offset_t first = wire::no_offset;
  std::uint64_t bytes = 0;
  time_point sent_at{};
  std::uint64_t link = 0; ///< the how manieth link it went over
};

struct replica_settings {
  std::string node;
  std::uint64_t segment_limit_bytes = 0;
  std::uint64_t outstanding_bytes_max = 0;
  duration timeout_min{};
  duration timeout_max{};
  duration pause_min{};
  duration pause_max{};
};

class replica {
public:
  explicit replica(replica_settings settings)
      : settings_(std::move(settings)), timeout_(settings_.timeout_min, settings_.timeout_max) {}

  [[nodiscard]] const std::string &node() const { return settings_.node; }

  void on_link_up(std::uint64_t limit_bytes);
  void on_link_down();
  /// What the node says of itself in the metadata; 0 = it never said anything.
  void on_registered_limit(std::uint64_t bytes) { registered_limit_bytes_ = bytes; }

  [[nodiscard]] bool linked() const { return link_limit_bytes_ != 0 && !waits_for_link_; }
  /// Its own limit when that is below the segment's (Z8); 0 when it is not.
  [[nodiscard]] std::uint64_t lower_limit_bytes() const;
  /// Not set aside, for whatever reason.
  [[nodiscard]] bool usable() const { return !set_aside_.has_value() && lower_limit_bytes() == 0; }
  /// Usable, linked, and answering as it should.
  [[nodiscard]] bool healthy() const { return usable() && linked() && failures_ == 0; }
  /// May be sent a store of that size now. One that failed is tried with a single store, so that a server that takes
  /// bytes and answers nothing holds no more of them than it must.
  [[nodiscard]] bool takes(std::uint64_t bytes, time_point now) const;
  [[nodiscard]] time_point resume_at() const { return resume_at_; }

  /// Begins a store; its deadline.
  time_point on_sent(std::uint64_t number, wire::offset_t first, std::uint64_t bytes, std::uint32_t wave,
                     time_point now);
  /// Takes the store out of those outstanding; nothing when it is not among them.
  std::optional<outstanding_store> take_outstanding(std::uint64_t number);
  void on_stored(const outstanding_store &sent, wire::offset_t local_tail, time_point now);
  /// It may be sent again after a pause, longer each time.
  void on_pause(const error &why, std::uint64_t random, time_point now);
  /// Nothing comes of the link that `sent` went over; a newer one is not held to that.
  void on_link_useless(const outstanding_store &sent, const error &why);
  /// Not used any more in this segment.
  void on_set_aside(const error &why);

  [[nodiscard]] const std::optional<error> &set_aside() const { return set_aside_; }
  [[nodiscard]] const std::string &last_error() const { return last_error_; }
  [[nodiscard]] wire::offset_t local_tail() const { return local_tail_; }
  [[nodiscard]] std::uint64_t link_limit_bytes() const { return link_limit_bytes_; }
  [[nodiscard]] std::uint64_t outstanding_bytes() const { return outstanding_bytes_; }

  /// First offset it may not have been sent; nothing below needs to be looked at.
  wire::offset_t next = wire::no_offset;
  /// The highest global tail it was told on this link.
  wire::offset_t told_tail = wire::no_offset;

private:
  void note(const error &why);

  replica_settings settings_;
  store_timeout timeout_;
  std::uint64_t link_limit_bytes_ = 0; ///< 0: no link
  std::uint64_t registered_limit_bytes_ = 0;
  std::uint64_t links_ = 0;     ///< how many there were
  bool waits_for_link_ = false; ///< the present one is of no use
  std::uint32_t failures_ = 0;  ///< in a row
  time_point resume_at_{duration::min()};
  std::optional<error> set_aside_;
  std::string last_error_;
  wire::offset_t local_tail_ = wire::no_offset;
  std::deque<outstanding_store> outstanding_;
  std::uint64_t outstanding_bytes_ = 0;
};

} // namespace outsize::host
