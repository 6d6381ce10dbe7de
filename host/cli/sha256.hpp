// SHA-256 of a payload, and base64: how people and scripts compare records.
//
// Thread rule: distinct objects may be used from any thread.
#pragma once

#include <outsize/buffer.hpp>

#include <memory>
#include <string>

namespace outsize::host {

/// Over bytes that come one after the other.
class running_sha256 {
public:
  running_sha256();
  void add(const rope &bytes);
  /// Of everything added so far, in lower case hex; more may follow.
  [[nodiscard]] std::string hex() const;

private:
  struct deleter {
    void operator()(void *context) const;
  };
  std::unique_ptr<void, deleter> context_;
};

/// In lower case hex.
std::string sha256_hex(const rope &payload);

std::string base64(const rope &payload);

} // namespace outsize::host
