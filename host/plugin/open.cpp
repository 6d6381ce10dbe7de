#include "open.hpp"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace outsize::host {
namespace {

std::optional<error> wrong_kind(const component_info &component, std::string_view wanted) {
  if (component.kind == wanted) {
    return std::nullopt;
  }
  return make_error(code::invalid_argument,
                    fmt::format("{} is not a {}", in_words(component.kind, component.name), short_kind(wanted)));
}

/// Adds who said it; a plugin knows nothing of its own name.
template <class T> result<T> named(const component_info &component, result<T> made) {
  if (!made) {
    made.error().text = fmt::format("{}: {}", in_words(component.kind, component.name), made.error().text);
  }
  return made;
}

} // namespace

result<std::unique_ptr<transport_handle>> open_transport(const component_info &component, const param_values &params,
                                                         const outsize_host *host, transport_limits limits) {
  if (std::optional<error> why = wrong_kind(component, OUTSIZE_TRANSPORT_KIND)) {
    return *std::move(why);
  }
  return named(component, transport_handle::open(static_cast<const outsize_transport_api *>(component.api),
                                                 {.host = host,
                                                  .params = params.values(),
                                                  .message_bytes_max = limits.message_bytes_max,
                                                  .memory_bytes_max = limits.memory_bytes_max}));
}

result<std::unique_ptr<size_policy_handle>> make_size_policy(const component_info &component,
                                                             const param_values &params, const outsize_host *host) {
  if (std::optional<error> why = wrong_kind(component, OUTSIZE_SIZE_POLICY_KIND)) {
    return *std::move(why);
  }
  return named(component, size_policy_handle::open(static_cast<const outsize_size_policy_api *>(component.api),
                                                   {.host = host, .params = params.values()}));
}

result<std::unique_ptr<blob_store_handle>> open_blob_store(const component_info &component, const param_values &params,
                                                           const outsize_host *host) {
  if (std::optional<error> why = wrong_kind(component, OUTSIZE_BLOB_STORE_KIND)) {
    return *std::move(why);
  }
  return named(component, blob_store_handle::open(static_cast<const outsize_blob_store_api *>(component.api),
                                                  {.host = host, .params = params.values()}));
}

} // namespace outsize::host
