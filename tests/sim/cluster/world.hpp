// What everything in one run shares: the time, the network, the checker, and the trace.
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/checker.hpp"
#include "sim/random.hpp"
#include "sim/storage/simulated_blobs.hpp"
#include "sim/transport/network.hpp"

#include <outsize/inmemory_hub.hpp>
#include <outsize/time.hpp>

#include <functional>
#include <string>

namespace outsize::sim {

struct world {
  explicit world(random_source source) : random(source), net(source.fork()) {}

  [[nodiscard]] random_source fork() { return random.fork(); }
  void say(const std::string &who, const std::string &line) const {
    if (trace) {
      trace(now, who, line);
    }
  }

  time_point now{std::chrono::seconds(1000)}; ///< not zero: "unset" must look different
  random_source random;
  network net;
  inmemory_hub hub; ///< where nodes find themselves
  blob_shelf shelf; ///< the blob store that all machines share
  checker judge{now, shelf};
  std::function<void(time_point, const std::string &who, const std::string &line)> trace; ///< empty: nobody looks
};

} // namespace outsize::sim
