// What the plugin exports.
#include "zeromq_transport.hpp"

#include <outsize/module.hpp>

OUTSIZE_MODULE("org.outsize.zeromq", "zeromq", "Outsize", "0.1.0", "Apache-2.0",
               outsize::transport_component<outsize::zeromq::zeromq_transport>(
                   "zeromq", "links over ZeroMQ: one DEALER for each attempt, one ROUTER for each address"))
