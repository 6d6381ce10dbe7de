#include "spill_policy.hpp"

#include <outsize/module.hpp>

OUTSIZE_MODULE("org.outsize.spill", "spill", "Outsize", "0.1.0", "Apache-2.0",
               outsize::size_policy_component<outsize::policies::spill_policy>(
                   "spill", "puts large payloads into a blob store and a reference into the log"))
