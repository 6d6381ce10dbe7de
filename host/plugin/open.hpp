// Instances of components, ready to use.
//
// Thread rule: one thread at a time; what is made follows the rule of its handle. Host table and registry outlive it.
#pragma once

#include "module_info.hpp"
#include "param_values.hpp"

#include <outsize/abi/host.h>
#include <outsize/blob_store_handle.hpp>
#include <outsize/result.hpp>
#include <outsize/size_policy_handle.hpp>
#include <outsize/transport_handle.hpp>

#include <cstdint>
#include <memory>

namespace outsize::host {

struct transport_limits {
  std::uint64_t message_bytes_max; ///< the first limit of every link; at least 4096
  std::uint64_t memory_bytes_max;  ///< for messages being received; above message_bytes_max
};

/// Each makes one instance of a component of its kind. Error: what the plugin answered, with the component named in
/// the text; invalid_argument for a component of another kind.
result<std::unique_ptr<transport_handle>> open_transport(const component_info &component, const param_values &params,
                                                         const outsize_host *host, transport_limits limits);
result<std::unique_ptr<size_policy_handle>> make_size_policy(const component_info &component,
                                                             const param_values &params, const outsize_host *host);
result<std::unique_ptr<blob_store_handle>> open_blob_store(const component_info &component, const param_values &params,
                                                           const outsize_host *host);

} // namespace outsize::host
