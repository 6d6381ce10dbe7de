#include "counters.hpp"

#include <outsize/suite/catch.hpp>

#include <algorithm>

namespace outsize::test {

using nlohmann::json;

namespace {

/// The element of `list` whose `key` is `value`; null when there is none.
const json *find(const json &list, const char *key, const std::string &value) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const json &one) { return one.at(key) == value; });
  return found == list.end() ? nullptr : &*found;
}

const json &get(const json &list, const char *key, const std::string &value) {
  const json *found = find(list, key, value);
  if (found == nullptr) {
    FAIL("nothing with " << key << " = " << value << " in " << list.dump(2));
  }
  return *found;
}

} // namespace

const json &sequencer_of(const json &status, const std::string &log) {
  return get(status.at("logs"), "log", log).at("sequencer");
}

const json &server_of(const json &sequencer, const std::string &node) {
  return get(sequencer.at("nodes"), "node", node);
}

bool takes_appends(const json &status, const std::string &log, const std::vector<std::string> &servers) {
  const json *here = find(status.at("logs"), "log", log);
  if (here == nullptr || !here->contains("sequencer") || here->at("sequencer").at("state") != "open") {
    return false;
  }
  return std::all_of(servers.begin(), servers.end(), [&](const std::string &server) {
    return server_of(here->at("sequencer"), server).at("reachable").get<bool>();
  });
}

std::uint64_t reconnects_of(const json &status) {
  std::uint64_t sum = 0;
  for (const json &peer : status.at("peers")) {
    for (const json &link : peer.at("links")) {
      sum += link.at("reconnects").get<std::uint64_t>();
    }
  }
  return sum;
}

void check_no_size_failure(const json &sequencer) {
  const json &retried = sequencer.at("waves_retried");
  INFO("waves retried: " << retried.dump());
  CHECK(retried.size() == retried.count("timed_out"));
}

const json &copies_of(const json &digest, std::size_t segment, const std::string &node) {
  return get(digest.at("segments").at(segment).at("servers"), "node", node);
}

} // namespace outsize::test
