// Hostile peers at every listening port, while a load runs beside.
#include "faults/attacks.hpp"
#include "faults/raw_socket.hpp"
#include "faults/rogue.hpp"
#include "faults/stress.hpp"

#include <outsize/suite/patience.hpp>
#include <outsize/wire/limits.hpp>

#include <sys/resource.h>

#include <iostream>
#include <map>

using namespace outsize;
using namespace outsize::test;
using namespace outsize::faults;

namespace {

constexpr std::uint64_t link_limit_bytes = 32 * wire::mib;
/// What the design calls flat.
constexpr std::uint64_t growth_bytes_max = suite::memory_factor * (2 * link_limit_bytes + 16 * wire::mib);
/// What no attack needs any more goes back to the system, but for a few MiB on the heap of each thread.
constexpr std::uint64_t kept_bytes_max = suite::memory_factor * 48 * wire::mib;
constexpr std::size_t idle_connections = 1000;
/// What RocksDB holds is an eighth of this and a few copies of it: small against what is measured.
constexpr const char *small_memtables = "memory-budget = \"32MiB\"";

/// The usual soft limit is 1,024.
void allow_descriptors() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(limit.rlim_cur >= 2 * idle_connections);
}

class siege {
public:
  explicit siege(cluster_kind kind) : cluster_(kind, small_memtables) {
    allow_descriptors();
    cluster_.begin_load(1);
    cluster_.await_acknowledged(2000); // RocksDB has what it needs then: its memtables were full and flushed
    cluster_.end_load();
    cluster_.begin_load(2, {"n1", "n2", "n3"}, std::chrono::milliseconds(20));
    cluster_.await_acknowledged(100);
    for (const char *name : node_names) {
      node_process &node = cluster_.nodes.node(name);
      node.reset_peak();
      before_[name] = node.resident_bytes();
    }
  }

  void strike(const std::string &name, const std::string &address, const attack &what) {
    INFO(name << " at " << address << ": " << what.name);
    const std::size_t said_before = cluster_.nodes.node(name).log().size();
    what.run(address);
    CHECK(says(name, what.logged, said_before));
    check_unharmed(name);
  }

  /// So many at once say nothing; they are closed, and who comes meanwhile is heard.
  void sit_idle(const std::string &name, const std::string &address) {
    INFO(idle_connections << " idle connections to " << name << " at " << address);
    std::vector<raw_socket> idle;
    for (std::size_t i = 0; i < idle_connections; ++i) {
      idle.emplace_back(address);
    }
    client_session late = cluster_.nodes.connect(name);
    CHECK(late.client().find_tail("orders"));
    for (raw_socket &one : idle) {
      REQUIRE(one.await_closed(steady_now() + faults::patience));
    }
    check_unharmed(name);
  }

  /// Asks for everything a thousand times and takes nothing; who else reads is served.
  void hoard_answers(const std::string &name, const std::string &address) {
    INFO("1,000 reads of " << name << " at " << address << " whose answers are not taken");
    const std::size_t said_before = cluster_.nodes.node(name).log().size();
    rogue hoarder(address);
    hoarder.greet();
    wire::read all;
    all.log = "orders";
    for (std::uint64_t number = 1; number <= 1000; ++number) {
      hoarder.send(all, number);
    }
    cluster_.read_on(name);
    hoarder.ping_until_down(steady_now() + faults::patience);
    CHECK(says(name, "takes nothing of the", said_before));
    check_unharmed(name);
  }

  void end() {
    cluster_.await_acknowledged(100);
    const load_report seen = cluster_.running->report();
    // No append waited for anything, none lost its answer. A node that a sanitizer slows may be silent for longer than
    // links allow.
    if constexpr (suite::time_factor == 1) {
      CHECK(seen.refused == std::map<std::string, std::size_t>{});
    }
    for (const char *name : node_names) {
      const std::uint64_t kept = growth_to(name, cluster_.nodes.node(name).resident_bytes());
      std::cout << name << " grew by " << growth_of(name) / wire::mib << " MiB and kept " << kept / wire::mib << " MiB"
                << std::endl;
      CHECK(kept <= kept_bytes_max);
    }
    cluster_.settle();
    cluster_.nodes.shut_down();
  }

  cluster &nodes() { return cluster_.nodes; }

private:
  /// Until the node's log says that behind its first `from` bytes; false when it does not come to it.
  bool says(const std::string &name, const std::string &text, std::size_t from) {
    const time_point deadline = steady_now() + suite::time_factor * std::chrono::seconds(10);
    bool said = false;
    while (!said && steady_now() < deadline) {
      said = cluster_.nodes.node(name).log().find(text, from) != std::string::npos;
    }
    return said;
  }

  void check_unharmed(const std::string &name) {
    cluster_.await_acknowledged(1);
    CHECK(growth_of(name) <= growth_bytes_max);
  }

  std::uint64_t growth_of(const std::string &name) {
    return growth_to(name, cluster_.nodes.node(name).peak_resident_bytes());
  }
  std::uint64_t growth_to(const std::string &name, std::uint64_t resident) {
    return resident - std::min(resident, before_.at(name));
  }

  stress cluster_;
  std::map<std::string, std::uint64_t> before_; ///< resident bytes, by node
};

} // namespace

CLUSTER_CASE("hostile input") {
  siege around(kind);
  for (const std::string name : node_names) {
    for (const std::string &address : around.nodes().addresses(name)) {
      for (const std::vector<attack> &attacks :
           {attacks_with_bytes(address), attacks_before_hello(), attacks_after_hello(), absurd_requests()}) {
        for (const attack &one : attacks) {
          around.strike(name, address, one);
        }
      }
      around.sit_idle(name, address);
    }
  }
  around.hoard_answers("n3", around.nodes().address("n3"));
  around.end();
}
