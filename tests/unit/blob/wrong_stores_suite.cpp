#include <outsize/suite/blob_suite.hpp>
#include <outsize/suite/loaded_module.hpp>

using namespace outsize::suite;

namespace {

/// The suite for every store of the module, each under its own name.
bool registered = [] {
  const auto module = load_module(WRONG_STORES);
  for (std::uint32_t i = 0; module && i < (*module)->component_count; ++i) {
    blob_store_factory wrong;
    wrong.name = wrong.component = (*module)->components[i].name;
    wrong.module_path = WRONG_STORES;
    wrong.fresh_place = [] {
      static int number = 0;
      const std::string shelf = "shelf-" + std::to_string(++number);
      return blob_place{{{"shelf", shelf}}, shelf, nullptr};
    };
    register_blob_suite(wrong);
  }
  return true;
}();

} // namespace
