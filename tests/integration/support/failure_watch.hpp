// Whether the running test case has failed, by an assertion or by an exception that is on its way.
//
// Thread rule: the test's thread.
#pragma once

namespace outsize::test {

[[nodiscard]] bool test_failed();

} // namespace outsize::test
