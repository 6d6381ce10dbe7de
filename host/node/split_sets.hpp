// The split sets of one segment, as listings of its entries show them: which have fragments and no commit.
//
// Thread rule: one thread.
#pragma once

#include <outsize/wire/types.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>

namespace outsize::host {

class split_sets {
public:
  /// Each entry once, on however many servers it is. Entries of no set are passed over.
  void take(const wire::entry_header &header);

  /// {"sets", "fragments", "bytes", "first": [{"set", "fragments", "bytes", "aborted"}]}: how many, with the bytes of
  /// their entries, and the first hundred of them by number.
  [[nodiscard]] nlohmann::json uncommitted_json() const;

private:
  struct split_set {
    std::uint32_t fragments = 0;
    bool committed = false;
    bool aborted = false;
    std::uint64_t bytes = 0; ///< of its fragments' entries
  };
  std::map<std::uint64_t, split_set> sets_; ///< by number
};

} // namespace outsize::host
