// The simulator's only source of chance: the same numbers from the same seed on every machine.
//
// Thread rule: one thread. Streams made by fork are independent: drawing more from one changes nothing in another.
#pragma once

#include <outsize/time.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace outsize::sim {

class random_source {
public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  /// 64 random bits (splitmix64).
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }
  /// From `least` to `most`, both included.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) {
    return most <= least ? least : least + next() % (most - least + 1);
  }
  duration between(duration least, duration most) {
    return duration{static_cast<duration::rep>(
        between(static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count())))};
  }
  /// True once in `times`; never with 0.
  bool one_in(std::uint64_t times) { return times != 0 && next() % times == 0; }
  /// True with that many chances in a million.
  bool millionths(std::uint64_t chances) { return next() % 1'000'000 < chances; }

  template <class T> const T &pick(const std::vector<T> &from) { return from[next() % from.size()]; }
  template <class T> void shuffle(std::vector<T> &what) {
    for (std::size_t left = what.size(); left > 1; --left) {
      std::swap(what[left - 1], what[next() % left]);
    }
  }

  /// A stream of its own.
  random_source fork() { return random_source(next()); }

private:
  std::uint64_t state_;
};

} // namespace outsize::sim
