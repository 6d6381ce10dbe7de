// Waiting for something that a process does: looked at again and again, until a deadline that only a bug reaches.
//
// Thread rule: the test's thread.
#pragma once

#include <outsize/suite/catch.hpp>
#include <outsize/suite/patience.hpp>
#include <outsize/time.hpp>

#include <string>

namespace outsize::test {

inline constexpr duration patience = suite::patience;

/// Each look asks a process, which is what keeps this from spinning. Fails the test in words at the deadline.
template <class Condition> void await(const std::string &what, Condition condition, duration how_long = patience) {
  const time_point deadline = steady_now() + how_long;
  while (!condition()) {
    if (steady_now() >= deadline) {
      FAIL("waited in vain until " << what);
    }
  }
}

} // namespace outsize::test
