// The search for an intact copy among the log servers of a segment: whom to ask next, how long he may take, and what to
// say when nobody has one.
//
// All are asked once, the node's own server first. Where one took too long, all are asked again with twice the time,
// until the deadline of whoever searches: on a slow line a large entry needs it.
//
// Thread rule: one thread.
#pragma once

#include <outsize/error.hpp>
#include <outsize/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace outsize::host {

class copy_search {
public:
  /// Begins a round, unless one is under way. `spread` parts readers among the servers that are not `own`.
  void begin(const std::vector<std::string> &nodeset, const std::string &own, std::uint64_t spread);
  /// Whom to ask now; only within a round.
  [[nodiscard]] std::string take_next();
  /// How long an answer may take that has `first` in the first round.
  [[nodiscard]] duration patience(duration first) const;

  /// It was found: the next search begins anew.
  void found();
  /// `node` answered, and has it not, or not intact.
  void not_there(const std::string &node, const std::string &why);
  /// `node` gave no answer.
  void no_answer(const std::string &node, const error &why);
  /// Nobody is left to ask, and asking again would not help.
  [[nodiscard]] bool is_over() const { return left_.empty() && !any_took_too_long_; }

  /// What was heard in this round.
  [[nodiscard]] std::string complaints() const;
  /// For when it is over. data_loss when all have answered, log_unavailable while one of them might still have it.
  [[nodiscard]] error failure(const std::string &what) const;

private:
  void complain(const std::string &node, const std::string &why);

  std::vector<std::string> left_; ///< not yet asked in this round
  std::vector<std::string> complaints_;
  bool all_answered_ = true;       ///< nothing is merely out of reach
  bool any_took_too_long_ = false; ///< one of them might answer when it is given more time
  std::uint32_t slow_rounds_ = 0;  ///< rounds in which one took too long
};

} // namespace outsize::host
