// Exporting a module: one macro in one source file of the plugin.
//
//   OUTSIZE_MODULE("org.example.pigeon", "pigeon", "Example", "1.0.0", "Apache-2.0",
//                  outsize::transport_component<pigeon>("pigeon", "messages by pigeon"))
//
// Nothing throws across the line: the thunks behind the components turn an escaping exception into `internal`.
#pragma once

#include <outsize/abi/module.h>
#include <outsize/result.hpp>

#include <exception>
#include <span>

#ifndef OUTSIZE_BUILD_ID
#define OUTSIZE_BUILD_ID ""
#endif

#define OUTSIZE_MODULE(id, name, vendor, version, license, ...)                                                        \
  extern "C" OUTSIZE_EXPORT const outsize_module *outsize_module_v1(void) {                                            \
    static const outsize_component components[] = {__VA_ARGS__};                                                       \
    static const outsize_module module = {sizeof(outsize_module),                                                      \
                                          OUTSIZE_ABI_MAJOR,                                                           \
                                          OUTSIZE_MODULE_MAGIC,                                                        \
                                          OUTSIZE_ABI_MINOR,                                                           \
                                          0,                                                                           \
                                          id,                                                                          \
                                          name,                                                                        \
                                          vendor,                                                                      \
                                          version,                                                                     \
                                          license,                                                                     \
                                          OUTSIZE_BUILD_ID,                                                            \
                                          static_cast<std::uint32_t>(sizeof components / sizeof components[0]),        \
                                          sizeof(outsize_component),                                                   \
                                          components};                                                                 \
    return &module;                                                                                                    \
  }

namespace outsize::detail {

/// Runs `body` and turns whatever escapes into an error in the caller's storage. Returns what body returns, or 0.
template <class Body> std::int32_t guarded(outsize_error *error, Body &&body) noexcept {
  try {
    return body();
  } catch (const std::exception &escaped) {
    to_abi(make_error(code::internal, std::string("exception in plugin: ") + escaped.what()), error);
  } catch (...) {
    to_abi(make_error(code::internal, "exception in plugin, not derived from std::exception"), error);
  }
  return 0;
}

inline std::int32_t answer(const result<void> &outcome, outsize_error *error) {
  if (outcome.has_value()) {
    return 1;
  }
  to_abi(outcome.error(), error);
  return 0;
}

inline outsize_component component(const char *kind, const char *name, const char *documentation, const void *api,
                                   std::span<const outsize_param> params) {
  return {sizeof(outsize_component),
          static_cast<std::uint32_t>(params.size()),
          kind,
          name,
          documentation,
          api,
          params.data()};
}

} // namespace outsize::detail
