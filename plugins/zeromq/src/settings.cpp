#include "settings.hpp"

#include <array>

namespace outsize::zeromq {

namespace {

constexpr std::int64_t ms = 1'000'000; // in nanoseconds

constexpr std::array table = {
    param::integer("io-threads", "1", "threads of libzmq that move bytes; one is enough for about 3 GB/s", 1, 8),
    param::bytes("queue-bytes", "64MiB",
                 "what may wait to be sent on one link before send answers busy; one larger message is always taken",
                 64 * static_cast<std::int64_t>(kib), std::int64_t{1} << 40),
    param::duration("connect-timeout", "5s", "time for a link to open before the attempt is given up", 100 * ms,
                    300'000 * ms),
    param::duration("handshake-timeout", "2s", "time for an accepted connection to open its link before it is closed",
                    100 * ms, 2'000 * ms),
    param::duration("stall-timeout", "5s",
                    "how long a sender may stop in the middle of a message while others wait for the memory it holds",
                    100 * ms, 300'000 * ms),
    param::integer("connections-max", "1024", "links taken from others at a time, over all addresses", 1, 65'536),
    param::integer("handshakes-max", "64",
                   "connections of an address that have not opened a link yet; the oldest is closed for the next", 1,
                   4'096),
    param::integer("backlog", "512", "connections the system may hold before they are accepted", 1, 4'096),
};

} // namespace

std::span<const outsize_param> parameter_table() {
  return table;
}

settings read_settings(const transport_setup &setup) {
  const param_view &from = setup.params;
  settings read;
  read.io_threads = static_cast<int>(from.number("io-threads"));
  read.queue_bytes = from.bytes("queue-bytes");
  read.connect_timeout = from.duration("connect-timeout");
  read.handshake_timeout = from.duration("handshake-timeout");
  read.stall_timeout = from.duration("stall-timeout");
  read.connections_max = from.bytes("connections-max");
  read.handshakes_max = from.bytes("handshakes-max");
  read.backlog = static_cast<int>(from.number("backlog"));
  read.message_bytes_max = setup.message_bytes_max;
  read.memory_bytes_max = setup.memory_bytes_max;
  return read;
}

} // namespace outsize::zeromq
