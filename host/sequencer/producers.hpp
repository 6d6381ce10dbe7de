// Which sequences of each producer are known: so that an append sent twice is stored once, and appends of a producer
// keep their order whatever happens to those before them.
//
// A sequence is a duplicate only if that very sequence is in the table, never because it is smaller. The table lives in
// memory and is bounded, by sequences of a producer, by producers, and by age; what it forgot it says so.
//
// Thread rule: one thread.
#pragma once

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>

namespace outsize::host {

class producers {
public:
  struct bounds {
    std::uint32_t sequences_max = 1024; ///< remembered of one producer
    std::uint32_t producers_max = 16384;
    duration age_max = std::chrono::hours(1);
  };
  struct next {}; ///< may be admitted
  struct committed {
    wire::offset_t offset; ///< the sequence is there already
    std::uint64_t entry_bytes;
    wire::stored_as stored = wire::stored_as::inline_;
    std::uint32_t fragments = 0;
    std::string store;
  };
  struct in_flight {
    std::uint64_t ticket; ///< the sequence is on its way: its answer is this one's too
  };
  using finding = std::variant<next, committed, in_flight, error>;

  explicit producers(bounds limits) : bounds_(limits) {}

  /// What an append with these fields is. An error is fenced (an older epoch), sequence_out_of_order or
  /// sequence_expired. Fields without producer or sequence are always `next`.
  [[nodiscard]] finding check(const wire::producer_fields &fields, time_point now);

  /// The append was admitted; only after check said `next`.
  void on_admitted(const wire::producer_fields &fields, std::uint64_t ticket, time_point now);
  void on_committed(const wire::producer_fields &fields, const committed &as);
  /// The append was admitted and is proven not to be in the log; latest first when there are several.
  void on_withdrawn(const wire::producer_fields &fields);

  [[nodiscard]] std::size_t size() const { return table_.size(); }

private:
  struct place {
    std::optional<committed> there; ///< nothing: in flight
    std::uint64_t ticket = 0;
  };
  struct producer {
    std::uint64_t epoch = 0;
    std::uint64_t forgotten = 0; ///< highest sequence that fell out of `sequences`; 0 = none did
    std::uint64_t floor = 0;     ///< predecessor of the first sequence taken, while nothing else is known
    std::map<std::uint64_t, place> sequences;
    time_point heard_at{};
    std::list<std::string>::iterator age; ///< in by_age_
    [[nodiscard]] std::uint64_t last() const;
    [[nodiscard]] bool has_in_flight() const;
  };

  [[nodiscard]] static finding check_order(const producer &known, const wire::producer_fields &fields);
  producer &touch(const wire::producer_fields &fields, time_point now);
  void forget_sequences(producer &known) const;
  void forget_producers(time_point now);
  void forget_oldest();
  producer *find(const wire::producer_fields &fields);

  bounds bounds_;
  std::unordered_map<std::string, producer> table_;
  std::list<std::string> by_age_; ///< least recently heard of first
};

} // namespace outsize::host
