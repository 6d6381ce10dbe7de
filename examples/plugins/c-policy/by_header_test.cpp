#include <outsize/suite/policy_suite.hpp>

using outsize::suite::policy_factory;
using outsize::suite::policy_question;

namespace {

policy_factory by_header() {
  policy_factory made;
  made.name = "by-header";
  made.module_path = BY_HEADER_PLUGIN;
  made.params = {{"header", "kind"}, {"value", "video"}, {"reason", "videos go to the archive"}};
  made.bad_params = {{"header", ""}};
  made.examples = {
      {"without the header", OUTSIZE_PLAN_DECLINE, "does not carry", [](policy_question &ask) { ask.payload(1); }},
      {"with the header", OUTSIZE_PLAN_REJECT, "videos go to the archive",
       [](policy_question &ask) { ask.header("a", "b").header("kind", "video"); }},
      {"with another value", OUTSIZE_PLAN_DECLINE, "", [](policy_question &ask) { ask.header("kind", "videos"); }},
      {"with another name", OUTSIZE_PLAN_DECLINE, "", [](policy_question &ask) { ask.header("kin", "video"); }},
      {"with an empty value", OUTSIZE_PLAN_DECLINE, "", [](policy_question &ask) { ask.header("kind", ""); }},
  };
  return made;
}

OUTSIZE_POLICY_SUITE(by_header());

} // namespace
