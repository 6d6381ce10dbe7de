#include <outsize/suite/blob_suite.hpp>

#include "cases.hpp"
#include "register_case.hpp"

#include <memory>

namespace outsize::suite {

bool register_blob_suite(const blob_store_factory &factory) {
  const auto kept = std::make_shared<const blob_store_factory>(factory); // as long as a case of it is registered
  for (const auto &group : {blob_module_cases(), blob_put_cases(), blob_read_cases(), blob_list_cases(),
                            blob_error_cases(), blob_sharing_cases()}) {
    for (const blob_case &one : group) {
      register_case(kept->name + ": " + one.name, "[blob-store]", [kept, run = one.run] { run(*kept); });
    }
  }
  return true;
}

} // namespace outsize::suite
