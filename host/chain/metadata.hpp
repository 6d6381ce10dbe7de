// The metadata as a node sees it: a view that follows, and compare-and-swap to change it.
//
// Thread rule: the node's loop thread. Callbacks run later, never inside the call.
#pragma once

#include "host/chain/records.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace outsize::host {

class metadata {
public:
  struct outcome {
    bool swapped = false;
    std::uint64_t version = 0; ///< of the key now
    std::string value;         ///< of the key now; what stood in the way when not swapped
  };
  using updated = std::function<void(result<outcome>)>;

  virtual ~metadata() = default;

  [[nodiscard]] virtual const cluster_view &view() const = 0;

  /// Sets `key` to `value` if its version is still `expected_version` (0: absent). An error means that it is not known
  /// whether the swap happened: read it back (the view will show it) before trying again.
  virtual void update(std::string key, std::uint64_t expected_version, std::string value, updated then) = 0;
};

} // namespace outsize::host
