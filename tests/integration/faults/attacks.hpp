// What a hostile peer may do to a listening port, each attack by itself.
//
// Thread rule: one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace outsize::faults {

struct attack {
  std::string name;
  /// What the node must say in its log; empty where it ends nothing and has nothing to say.
  std::string logged;
  /// Fails the test when the node does not end the connection, or does not answer as it should.
  std::function<void(const std::string &address)> run;
};

/// Bytes that are no frames, or frames that lie, for the transport of this address.
std::vector<attack> attacks_with_bytes(const std::string &address);
/// Messages that come before a hello, and hellos that are wrong.
std::vector<attack> attacks_before_hello();
/// What only nodes may say, and what makes no sense, behind a good hello.
std::vector<attack> attacks_after_hello();
/// Requests that are well formed and absurd: they must be answered.
std::vector<attack> absurd_requests();

} // namespace outsize::faults
