#include "sim/proof/proof.hpp"

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::sim;

namespace {

void with_spilling(scenario &plan) {
  log_settings &log = plan.logs.front();
  log.spills = true;
  log.large_bytes_max = 80 * wire::kib;
  for (client_settings &one : plan.appenders) {
    one.gives_up = one.leaves = false;
  }
}

} // namespace

TEST_CASE("proof: nothing is found of spilled records where nothing was planted") {
  CHECK(rules_of(hunt([](cluster &) {}, &with_spilling)).empty());
}

TEST_CASE("proof: L9, a reference to a blob that is not durable") {
  CHECK(finds(
      "L9",
      [](cluster &running) {
        for (auto &one : running.machines()) {
          one->blobs().lose_what_is_put(true);
        }
      },
      &with_spilling));
}

TEST_CASE("proof: L7, a blob that somebody removes while its record is there") {
  CHECK(finds(
      "L7",
      [](cluster &running) {
        running.plant([&running](sighting &message) {
          rewrite<wire::records>(message, [&](wire::records &) { running.shelf().blobs.clear(); });
          return tampering::pass;
        });
      },
      &with_spilling));
}
