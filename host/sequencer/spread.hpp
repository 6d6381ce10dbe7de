// Which members of the nodeset are sent the next entries: all of them, or only as many as must hold each. With fewer
// the choice is sticky: it changes only when a chosen member fails or is slow, and then the others are the hedge.
//
// Thread rule: one thread.
#pragma once

#include "host/sequencer/log_sequencer.hpp"

#include <cstddef>
#include <vector>

namespace outsize::host {

/// A member as the choice sees it.
struct spread_candidate {
  bool usable = false;  ///< not set aside
  bool healthy = false; ///< linked and answering
};

class spread {
public:
  /// `order`: members by preference, each once.
  spread(spread_rule rule, std::size_t replication, std::vector<std::size_t> order)
      : rule_(rule), replication_(replication), order_(std::move(order)), chosen_(order_.size()), slow_(order_.size()) {
  }

  /// Chooses anew where it must; `candidates` by member.
  void choose(const std::vector<spread_candidate> &candidates);
  [[nodiscard]] bool contains(std::size_t member) const { return chosen_[member]; }
  [[nodiscard]] bool hedges() const { return rule_ == spread_rule::replication; }

  /// The member takes too long with the oldest batch: another one shall stand beside it.
  void on_slow(std::size_t member) { slow_[member] = true; }
  void on_answer(std::size_t member) { slow_[member] = false; }

private:
  std::size_t take(const std::vector<bool> &among, std::size_t wanted, std::vector<bool> &into) const;

  spread_rule rule_;
  std::size_t replication_;
  std::vector<std::size_t> order_;
  std::vector<bool> chosen_; ///< by member
  std::vector<bool> slow_;   ///< by member
};

} // namespace outsize::host
