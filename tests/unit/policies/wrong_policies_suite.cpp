#include <outsize/suite/policy_suite.hpp>

using namespace outsize::suite;

namespace {

bool registered = [] {
  for (const char *const name :
       {"moody", "hoarder", "curious", "careless", "mute", "fickle", "nosy", "time-traveller", "wasteful"}) {
    policy_factory wrong;
    wrong.name = name;
    wrong.module_path = WRONG_POLICIES;
    wrong.component = name;
    register_policy_suite(wrong);
  }
  return true;
}();

} // namespace
