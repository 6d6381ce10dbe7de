#include <outsize/suite/transport_suite.hpp>

OUTSIZE_TRANSPORT_SUITE([] {
  outsize::suite::transport_factory inmemory;
  inmemory.name = "inmemory";
  inmemory.module_path = INMEMORY_PLUGIN;
  inmemory.listen_address = [](unsigned number) { return "inmemory://n" + std::to_string(number); };
  inmemory.params = {{"queue-bytes", "4MiB"}};
  inmemory.bad_addresses = {"inmemory://", "inmemory://a/b", "inmemory://a b", "inmemory:/n1", "tcp://127.0.0.1:1"};
  inmemory.arrives_in_pieces = false; // by reference: there at once
  inmemory.wire_bytes_max = 0;
  return inmemory;
}());
