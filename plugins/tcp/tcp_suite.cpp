#include <outsize/suite/transport_suite.hpp>

OUTSIZE_TRANSPORT_SUITE([] {
  outsize::suite::transport_factory tcp;
  tcp.name = "tcp";
  tcp.module_path = TCP_PLUGIN;
  tcp.listen_address = [](unsigned) { return std::string("tcp://127.0.0.1:0"); };
  tcp.params = {{"queue-bytes", "4MiB"}};
  tcp.bad_addresses = {
      "tcp://",          "tcp://:1",       "tcp://127.0.0.1",     "tcp://127.0.0.1:", "tcp://127.0.0.1:70000",
      "tcp://[::1:7101", "tcp://a b:7101", "tcp://127.0.0.1:1/x", "inmemory://n1"};
  return tcp;
}());
