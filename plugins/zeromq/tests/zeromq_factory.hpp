// The plugin under test, as users get it, for the shared suite and for the transport's own cases.
#pragma once

#include <outsize/suite/transport_suite.hpp>

inline outsize::suite::transport_factory zeromq_factory() {
  outsize::suite::transport_factory zeromq;
  zeromq.name = "zeromq";
  zeromq.module_path = ZEROMQ_PLUGIN;
  zeromq.listen_address = [](unsigned) { return std::string("zeromq+tcp://127.0.0.1:0"); };
  zeromq.params = {{"queue-bytes", "4MiB"}};
  zeromq.bad_addresses = {"zeromq+tcp://",          "zeromq+tcp://127.0.0.1",     "zeromq+tcp://127.0.0.1:65536",
                          "zeromq+tcp://a b:1",     "zeromq+tcp://[::1:7101",     "zeromq+tcp://127.0.0.1:1x",
                          "zeromq+tcp://eth0;lo:1", "zeromq+tcp://[127.0.0.1]:1", "tcp://127.0.0.1:1",
                          "zeromq+tcp://:7101",     "zeromq+tcp://127.0.0.1:-1"};
  return zeromq;
}
