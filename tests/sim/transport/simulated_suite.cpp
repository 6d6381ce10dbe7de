#include <outsize/suite/transport_suite.hpp>

OUTSIZE_TRANSPORT_SUITE([] {
  outsize::suite::transport_factory simulated;
  simulated.name = "simulated";
  simulated.module_path = SIMULATED_PLUGIN;
  simulated.listen_address = [](unsigned) { return std::string("sim://suite:0"); };
  simulated.params = {{"queue-bytes", "4MiB"}};
  simulated.bad_addresses = {"sim://", "sim://:1", "sim://suite:", "sim://suite:x", "sim://suite:65536", "sim:/suite"};
  simulated.wire_bytes_max = 4U << 20U; // the window behind the queue
  return simulated;
}());
