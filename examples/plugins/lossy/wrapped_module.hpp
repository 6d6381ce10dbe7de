// Another transport's module, found by path, with the defaults of all its parameters.
//
// Thread rule: one thread at a time. The module stays loaded until the process ends.
#pragma once

#include <outsize/abi/transport.h>
#include <outsize/result.hpp>

#include <string>
#include <vector>

namespace lossy {

struct wrapped_module {
  const outsize_transport_api *api = nullptr;
  std::vector<outsize_param_value> params; // names and texts are the module's own and static

  /// Its first transport. Errors: bad_config, with the loader's words, or naming a parameter without a default.
  static outsize::result<wrapped_module> load(const std::string &path);
};

} // namespace lossy
