// Our own check of invariants, on in release builds too: a broken invariant stops the process before it can be
// acknowledged, stored or sent.
//
// Only for what this program did itself. Nothing that a peer, a file or an operator says may reach a check: that is an
// error value.
//
// Thread rule: any thread.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace outsize::host::detail {

[[noreturn]] inline void check_failed(const char *condition, const char *meaning, const char *file, int line) {
  std::fprintf(stderr, "outsize: invariant broken: %s (%s) at %s:%d\n", meaning, condition, file, line);
  std::abort();
}

} // namespace outsize::host::detail

/// Stops the process when `condition` does not hold; `meaning` says what would go wrong, for whoever reads the last
/// line.
#define OUTSIZE_CHECK(condition, meaning)                                                                              \
  ((condition) ? static_cast<void>(0)                                                                                  \
               : ::outsize::host::detail::check_failed(#condition, (meaning), __FILE__, __LINE__))
