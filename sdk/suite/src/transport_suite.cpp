#include <outsize/suite/transport_suite.hpp>

#include "cases.hpp"
#include "register_case.hpp"

#include <memory>

namespace outsize::suite {

bool register_transport_suite(const transport_factory &factory) {
  const auto kept = std::make_shared<const transport_factory>(factory); // as long as a case of it is registered
  for (const auto &group : {module_cases(), size_cases(), delivery_cases(), flow_cases(), ownership_cases(),
                            link_cases(), closing_cases()}) {
    for (const suite_case &one : group) {
      register_case(kept->name + ": " + one.name, "[transport]", [kept, run = one.run] { run(*kept); });
    }
  }
  return true;
}

} // namespace outsize::suite
