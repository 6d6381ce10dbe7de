// The cases of the blob suite, by subject. Each is a function that is given the store and fails through Catch2's
// macros.
#pragma once

#include <outsize/suite/blob_rig.hpp>
#include <outsize/suite/catch.hpp>

#include <span>

namespace outsize::suite {

struct blob_case {
  const char *name;
  void (*run)(const blob_store_factory &factory);
};

std::span<const blob_case> blob_module_cases();
std::span<const blob_case> blob_put_cases();
std::span<const blob_case> blob_read_cases();
std::span<const blob_case> blob_list_cases();
std::span<const blob_case> blob_error_cases();
std::span<const blob_case> blob_sharing_cases();

} // namespace outsize::suite
