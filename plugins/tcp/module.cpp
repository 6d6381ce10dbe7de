#include "tcp_transport.hpp"

OUTSIZE_MODULE("org.outsize.tcp", "tcp", "Outsize", "0.1.0", "Apache-2.0",
               outsize::transport_component<outsize::tcp::tcp_transport>("tcp", "links over TCP connections"))
