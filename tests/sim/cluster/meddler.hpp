// What happens to single messages on the wire, by chance: a question that may be asked twice arrives twice, and a log
// server's answer to a store is replaced by a refusal, as if its disk or its limits were not what they were.
//
// Only stores of a segment's writer are answered so: a repair that is refused for good by the only server left waits
// for an operator, and rightly so.
//
// Thread rule: one thread.
#pragma once

#include "sim/cluster/scenario.hpp"
#include "sim/cluster/world.hpp"
#include "sim/transport/network.hpp"

#include <cstdint>
#include <set>
#include <utility>

namespace outsize::sim {

class meddler {
public:
  meddler(world &in, const scenario &plan);
  meddler(const meddler &) = delete;
  meddler &operator=(const meddler &) = delete;

  /// May change the message.
  tampering look(sighting &message);
  /// No more, for good.
  void rest() { resting_ = true; }

private:
  [[nodiscard]] bool is_answer_to_first_store(const sighting &message, std::uint64_t number);
  void refuse(sighting &message);

  world &world_;
  const fault_settings &wanted_;
  random_source random_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> first_stores_; ///< unanswered, by connection and number
  bool resting_ = false;
};

} // namespace outsize::sim
