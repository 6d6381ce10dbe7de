#include "inmemory_transport.hpp"

OUTSIZE_MODULE("org.outsize.inmemory", "inmemory", "Outsize", "0.1.0", "Apache-2.0",
               outsize::transport_component<outsize::inmemory::inmemory_transport>(
                   "inmemory", "links between nodes of one process, payload by reference"))
