// The shared transport suite: what every transport must keep (rules T-01 to T-07 of <outsize/abi/transport.h>), as
// Catch2 cases that run against the built plugin. A transport takes part with one small file:
//
//   #include <outsize/suite/transport_suite.hpp>
//   OUTSIZE_TRANSPORT_SUITE([] {
//     outsize::suite::transport_factory pigeon;
//     pigeon.name = "pigeon";
//     pigeon.module_path = PIGEON_PLUGIN; // the .so, as users get it
//     pigeon.listen_address = [](unsigned) { return std::string("pigeon://loft:0"); };
//     return pigeon;
//   }())
//
// linked with outsize::suite and Catch2's main. Cases are named "NAME: case" and tagged [transport].
//
// Thread rule: registration happens before main; cases run one at a time, on the thread that runs Catch2.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::suite {

/// How the suite gets at one transport, and the few things it cannot find out by itself.
struct transport_factory {
  std::string name;        ///< first word of every case name
  std::string module_path; ///< loaded with dlopen the way a host does it, never unloaded
  std::string component;   ///< config name of the transport inside the module; empty: the first one

  /// An address to listen on. `number` is different for each instance of a case; addresses with a port use port 0.
  std::function<std::string(unsigned number)> listen_address;

  /// Parameters that differ from their defaults, as an operator would write them. A queue of a few MiB keeps the cases
  /// about backpressure short.
  std::vector<std::pair<std::string, std::string>> params;

  /// Addresses of a right scheme that connect and listen must refuse as invalid_argument.
  std::vector<std::string> bad_addresses;

  /// True when a large message arrives piece by piece, so that bytes_received moves before it is whole.
  bool arrives_in_pieces = true;

  /// What may be under way outside of both instances when nobody receives (socket buffers of both ends).
  std::uint64_t wire_bytes_max = 32U << 20U;
};

/// Registers every case for `factory`. Returns true, so that it can initialise a static.
bool register_transport_suite(const transport_factory &factory);

} // namespace outsize::suite

#define OUTSIZE_TRANSPORT_SUITE(...)                                                                                   \
  static const bool outsize_transport_suite_registered = ::outsize::suite::register_transport_suite(__VA_ARGS__)
