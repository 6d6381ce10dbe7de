// The cases of the transport suite, by subject. Each is a function that is given the transport and fails through
// Catch2's macros.
#pragma once

#include <outsize/suite/catch.hpp>
#include <outsize/suite/transport_rig.hpp>

#include <span>

namespace outsize::suite {

struct suite_case {
  const char *name;
  void (*run)(const transport_factory &factory);
};

std::span<const suite_case> module_cases();
std::span<const suite_case> size_cases();
std::span<const suite_case> delivery_cases();
std::span<const suite_case> flow_cases();
std::span<const suite_case> ownership_cases();
std::span<const suite_case> link_cases();
std::span<const suite_case> closing_cases();

using kind = transport_event::kind;
using sent = transport_handle::sent;

} // namespace outsize::suite
