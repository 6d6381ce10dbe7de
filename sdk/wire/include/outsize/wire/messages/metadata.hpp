// The metadata store. See messages.hpp.
#pragma once

#include <outsize/wire/messages/kind.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::wire {

struct metadata_item {
  std::string key;
  std::uint64_t version = 0; ///< the revision that wrote it; 0 = absent
  std::string value;         ///< JSON
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.key, "key");
    visit(2, self.version, "version");
    visit(3, self.value, "value");
  }
  bool operator==(const metadata_item &) const = default;
};

/// Everything that changed after revision `since`; waits up to wait_ms for a change.
struct sync_metadata {
  static constexpr kind number = kind::sync_metadata;
  std::uint64_t since = 0;
  std::uint64_t wait_ms = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.since, "since");
    visit(2, self.wait_ms, "wait_ms");
  }
};
struct metadata {
  static constexpr kind number = kind::metadata;
  cluster_id cluster{};
  std::uint64_t revision = 0;
  std::vector<metadata_item> items;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.cluster, "cluster");
    visit(2, self.revision, "revision");
    visit(3, self.items, "items");
  }
};

/// Compare-and-swap of one key.
struct update_metadata {
  static constexpr kind number = kind::update_metadata;
  std::string key;
  std::uint64_t expected_version = 0; ///< 0 = must be absent
  std::string value;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.key, "key");
    visit(2, self.expected_version, "expected_version");
    visit(3, self.value, "value");
  }
};
struct metadata_updated {
  static constexpr kind number = kind::metadata_updated;
  std::uint8_t swapped = 0;
  metadata_item current; ///< after the swap, or what stood in its way
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.swapped, "swapped");
    visit(2, self.current, "current");
  }
};

} // namespace outsize::wire
