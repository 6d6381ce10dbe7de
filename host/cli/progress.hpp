// One line on a terminal that says how far long work has come; nothing when stderr is not a terminal.
//
// Thread rule: one thread.
#pragma once

#include <outsize/time.hpp>

#include <string>

namespace outsize::host {

class progress {
public:
  /// `wanted` false: stays silent, for short work and for --json on a terminal.
  explicit progress(bool wanted);
  ~progress();
  progress(const progress &) = delete;
  progress &operator=(const progress &) = delete;

  /// Whether it is time to draw: at most ten times a second.
  [[nodiscard]] bool due();
  void draw(const std::string &line);
  /// Takes the line away, before something else is printed.
  void clear();

private:
  bool active_;
  bool drawn_ = false;
  time_point next_{};
};

/// "[#####.....] 50%" of 20 characters.
std::string bar(std::uint64_t done, std::uint64_t all);

} // namespace outsize::host
