#include <outsize/suite/transport_suite.hpp>

#include "cases.hpp"
#include "register_case.hpp"

namespace outsize::suite {

bool register_transport_suite(const transport_factory &factory) {
  const auto *kept = new transport_factory(factory); // as long as the process, like the registry that points to it
  for (const auto &group : {module_cases(), size_cases(), delivery_cases(), flow_cases(), ownership_cases(),
                            link_cases(), closing_cases()}) {
    for (const suite_case &one : group) {
      register_case(kept->name + ": " + one.name, "[transport]", [kept, run = one.run] { run(*kept); });
    }
  }
  return true;
}

} // namespace outsize::suite
