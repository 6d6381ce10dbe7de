#include "split_policy.hpp"

#include <outsize/module.hpp>

OUTSIZE_MODULE("org.outsize.split", "split", "Outsize", "0.1.0", "Apache-2.0",
               outsize::size_policy_component<outsize::policies::split_policy>(
                   "split", "cuts large records into fragments that fit every node of the log"))
