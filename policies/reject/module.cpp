#include "reject_policy.hpp"

#include <outsize/module.hpp>

OUTSIZE_MODULE("org.outsize.reject", "reject", "Outsize", "0.1.0", "Apache-2.0",
               outsize::size_policy_component<outsize::policies::reject_policy>(
                   "reject", "refuses records that do not fit, or that are over a limit of its own"))
