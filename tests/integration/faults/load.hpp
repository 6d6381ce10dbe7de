// A mixed load that goes on whatever happens to the cluster: producers of their own thread, each with one record under
// way, from one byte to several MiB. What is refused with "later" or has lost its answer is sent again under the same
// sequence; everything is written into the journal.
//
// Thread rule: one thread owns it; the load's own thread is inside.
#pragma once

#include "journal.hpp"

#include <outsize/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::faults {

struct load_options {
  std::string log = "orders";
  /// One connection for each: to it first, to the others when it is gone.
  std::vector<std::string> addresses;
  std::size_t producers = 4; ///< of each connection
  std::uint64_t seed = 1;    ///< of the sizes; also names the producers, so that each load of a log needs its own
  std::uint64_t largest_bytes = 6 * 1024 * 1024;
  duration pause{}; ///< of a producer, between an acknowledgement and the next record
};

/// What the load has seen so far.
struct load_report {
  std::size_t acknowledged = 0;
  std::map<std::string, std::size_t> refused; ///< by code, of those that may be sent again
  std::vector<std::string> failures;          ///< refusals that no retry can mend: a load never deserves one
  duration longest_gap{};                     ///< between two acknowledgements, since the last forget_gaps
};

class load {
public:
  /// Begins at once. `into` outlives it.
  load(load_options how, journal &into);
  /// Stops where it is; what is under way stays in doubt.
  ~load();
  load(const load &) = delete;
  load &operator=(const load &) = delete;

  [[nodiscard]] load_report report() const;
  /// The longest gap counts from now on.
  void forget_gaps();
  /// Until `count` more records have been acknowledged; false at the deadline.
  [[nodiscard]] bool await_acknowledged(std::size_t count, time_point deadline);
  /// Until `count` more sendings have been refused with `code`; false at the deadline.
  [[nodiscard]] bool await_refused(const std::string &code, std::size_t count, time_point deadline);
  /// Sends no more; until everything under way is acknowledged, false at the deadline.
  [[nodiscard]] bool finish(time_point deadline);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace outsize::faults
