// The one checker of the invariants L1 to L10 and Z1 to Z9, as far as they can be seen from outside of the host: on the
// disks, on the wire, and in the answers that clients get. It is told of every step as it happens.
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/chains.hpp"
#include "sim/checker/copies.hpp"
#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"
#include "sim/checker/history.hpp"
#include "sim/checker/status_check.hpp"
#include "sim/checker/traffic.hpp"
#include "sim/storage/simulated_blobs.hpp"
#include "sim/storage/simulated_disk.hpp"
#include "sim/transport/network.hpp"

#include <cstdint>
#include <string>

namespace outsize::sim {

class checker final : public disk_observer {
public:
  checker(const time_point &clock, const blob_shelf &shelf) : clock_(clock), shelf_(shelf) {}

  void on_durable(const std::string &machine, const host::commit &what) override;
  void on_value(const std::string &machine, const std::string &key, const std::string &value) override;
  /// A message that is being put on the wire.
  void on_message(const sighting &seen);
  /// Bytes that a log server's disk has not made durable yet, and its budget (Z9).
  void on_pending(const std::string &machine, std::uint64_t pending_bytes, std::uint64_t budget_bytes);
  [[nodiscard]] status_check &status() { return status_; }
  /// Whatever else makes one run like another.
  void note(std::string_view what);

  [[nodiscard]] findings &found() { return found_; }
  [[nodiscard]] coverage &seen() { return seen_; }
  [[nodiscard]] history &clients() { return clients_; }
  [[nodiscard]] const chains &segments() const { return chains_; }
  [[nodiscard]] const copies &disks() const { return copies_; }
  [[nodiscard]] copies &disks() { return copies_; }

  /// A number that is equal for equal runs.
  [[nodiscard]] std::uint64_t trace_hash() const { return hash_; }
  [[nodiscard]] std::uint64_t messages() const { return messages_; }

private:
  void mix(std::uint64_t value);

  const time_point &clock_;
  const blob_shelf &shelf_;
  findings found_{clock_};
  coverage seen_;
  chains chains_{found_, seen_};
  copies copies_{chains_, shelf_, found_, seen_};
  history clients_{chains_, copies_, found_, seen_};
  status_check status_{chains_, copies_, found_, seen_};
  traffic traffic_{chains_, copies_, found_, seen_};
  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::uint64_t messages_ = 0;
};

} // namespace outsize::sim
