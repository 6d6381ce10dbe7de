// A client of the cluster, over the transport plugin that its address needs, loaded from disk.
//
// Thread rule: one thread.
#pragma once

#include <outsize/client/client.hpp>
#include <outsize/suite/test_host.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::test {

/// Empty for an append that committed, so that a failing comparison shows why it did not.
std::string refusal_text(const wire::append_result &outcome);

class client_session {
public:
  /// Fails the test when nobody answers at `address`.
  explicit client_session(const std::string &address,
                          std::uint64_t message_limit_bytes = client::client_options{}.message_limit_bytes);

  wire::append_result append(const std::string &log, rope payload);
  /// All of them on their way at once, each answered. Results in the order of `payloads`.
  std::vector<wire::append_result> append_all(const std::string &log, const std::vector<rope> &payloads);
  /// The records with offsets in [from, to], both included; fails the test when they cannot be read.
  std::vector<client::read_record> read(const std::string &log, wire::offset_t from, wire::offset_t to);

  /// For everything else.
  client::blocking_client &client() { return client_; }

private:
  void connect();

  suite::test_host host_; // outlives the transport
  client::blocking_client client_;
};

} // namespace outsize::test
