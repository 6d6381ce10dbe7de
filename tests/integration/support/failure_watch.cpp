#include "failure_watch.hpp"

#define CATCH_CONFIG_EXTERNAL_INTERFACES // Catch2 2: where listeners are declared
#include <outsize/suite/catch.hpp>

#include <exception>

namespace outsize::test {

namespace {

bool assertion_failed = false;

#if CATCH_VERSION_MAJOR >= 3
using listener_base = Catch::EventListenerBase;
#else
using listener_base = Catch::TestEventListenerBase;
#endif

struct watch : listener_base {
  using listener_base::listener_base;
  void testCaseStarting(const Catch::TestCaseInfo & /*info*/) override { assertion_failed = false; }
#if CATCH_VERSION_MAJOR >= 3
  void assertionEnded(const Catch::AssertionStats &stats) override {
    assertion_failed = assertion_failed || !stats.assertionResult.isOk();
  }
#else
  bool assertionEnded(const Catch::AssertionStats &stats) override {
    assertion_failed = assertion_failed || !stats.assertionResult.isOk();
    return false;
  }
#endif
};
CATCH_REGISTER_LISTENER(watch)

} // namespace

bool test_failed() {
  return assertion_failed || std::uncaught_exceptions() > 0;
}

} // namespace outsize::test
