#include "stress.hpp"

#include <csignal>
#include <iterator>

namespace outsize::faults {
namespace {

using nlohmann::json;

/// Why the servers of a digest do not hold the same yet; empty when they do.
std::string difference_in(const json &digest) {
  for (const json &segment : digest.at("segments")) {
    const json &first = segment.at("servers").at(0);
    for (const json &server : segment.at("servers")) {
      for (const char *what : {"error", "digest", "entries", "bytes"}) {
        if (server.at(what) != first.at(what)) {
          return "segment " + segment.at("index").dump() + ": " + what + " of " + server.dump() + " and " +
                 first.dump();
        }
      }
    }
  }
  return "";
}

} // namespace

stress::stress(test::cluster_kind kind, const std::string &log_server)
    : stress(kind, [&](test::cluster &made) {
        for (const char *name : test::node_names) {
          made.options(name).log_server = log_server;
        }
      }) {}

stress::stress(test::cluster_kind kind, const std::function<void(test::cluster &)> &configure) : nodes(kind) {
  configure(nodes);
  nodes.start_all();
}

std::vector<std::string> stress::addresses(const std::vector<std::string> &names) const {
  std::vector<std::string> made;
  for (const std::string &name : names) {
    made.push_back(nodes.address(name));
  }
  return made;
}

void stress::begin_load(std::uint64_t seed, const std::vector<std::string> &through, duration pause,
                        std::uint64_t largest_bytes) {
  load_options how;
  how.addresses = addresses(through);
  how.seed = seed;
  how.pause = pause;
  how.largest_bytes = largest_bytes;
  running.emplace(std::move(how), written);
}

void stress::await_acknowledged(std::size_t count) {
  if (!running->await_acknowledged(count, steady_now() + patience)) {
    FAIL("waited in vain for " << count << " acknowledgements; status: " << nodes.status("n3").dump(1));
  }
}

void stress::await_refused(const std::string &code, std::size_t count) {
  if (!running->await_refused(code, count, steady_now() + patience)) {
    FAIL("waited in vain for " << count << " refusals with " << code);
  }
}

void stress::kill(const std::vector<std::string> &names) {
  for (const std::string &name : names) {
    nodes.node(name).signal(SIGKILL);
  }
  for (const std::string &name : names) {
    CHECK(nodes.node(name).await_exit() == 128 + SIGKILL);
  }
}

void stress::read_on(const std::string &node) {
  test::client_session session = nodes.connect(node);
  client::read_options how;
  how.from = std::max(read_to_[node], wire::first_offset);
  written.reads_from(node, how.from);
  for (;;) {
    const result<client::read_batch> batch = session.client().read("orders", how);
    if (!batch) {
      FAIL(node << " cannot read from offset " << how.from << ": " << batch.error().text);
    }
    for (const client::read_record &record : batch->records) {
      written.read(node, record);
    }
    if (batch->next <= how.from) {
      break; // the tail
    }
    how.from = batch->next;
  }
  read_to_[node] = how.from;
}

void stress::await_same_copies() {
  json digest;
  std::string difference;
  const auto are_same = [&] {
    digest = nodes.digest("orders");
    difference = difference_in(digest);
    return difference.empty();
  };
  const time_point deadline = steady_now() + patience;
  while (!are_same()) {
    if (steady_now() >= deadline) {
      FAIL("the servers do not come to hold the same: " << difference);
    }
  }
  CHECK(digest.at("conflicts") == json::array());
}

void stress::end_load() {
  if (!running->finish(steady_now() + patience)) {
    FAIL("appends under way are not acknowledged; status: " << nodes.status("n3").dump(1));
  }
  const load_report seen = running->report();
  CHECK(seen.failures == std::vector<std::string>{});
  running.reset();
}

void stress::settle() {
  end_load();
  read_to_.clear();
  for (const char *node : test::node_names) {
    read_on(node);
  }
  written.check_complete({test::node_names.begin(), test::node_names.end()});
  CHECK(written.breaches() == std::vector<std::string>{});
  await_same_copies();
}

} // namespace outsize::faults
