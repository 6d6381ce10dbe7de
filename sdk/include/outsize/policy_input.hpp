// What a size policy is asked about: one record, the limits, and the host's snapshot. A view without allocations.
//
// Thread rule: borrowed for the call of decide; any thread.
#pragma once

#include <outsize/abi/size_policy.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace outsize {

/// A header of the record, borrowed.
struct header_view {
  std::string_view name;
  std::span<const std::uint8_t> value;
};

/// A blob store as the host sees it at this moment, borrowed.
struct blob_store_view {
  std::string_view name;
  std::uint32_t state;      ///< OUTSIZE_BLOB_STORE_*
  std::uint64_t free_bytes; ///< UINT64_MAX when unknown
};

/// Bytes that went one way in the last minute and hour.
struct recent_bytes {
  std::uint64_t minute;
  std::uint64_t hour;
};

/// Reads outsize_policy_input. A field that an older host does not have reads as zero.
class policy_input {
public:
  explicit policy_input(const outsize_policy_input &raw) : raw_(&raw) {}

  [[nodiscard]] std::string_view log() const { return text(&outsize_policy_input::log); }
  [[nodiscard]] std::string_view producer() const { return text(&outsize_policy_input::producer); }
  [[nodiscard]] bool has_key() const { return read(&outsize_policy_input::key) != nullptr; }
  [[nodiscard]] std::span<const std::uint8_t> key() const {
    return {read(&outsize_policy_input::key), static_cast<std::size_t>(read(&outsize_policy_input::key_bytes))};
  }
  [[nodiscard]] std::uint32_t header_count() const { return read(&outsize_policy_input::header_count); }
  /// `index` below header_count().
  [[nodiscard]] header_view header(std::uint32_t index) const {
    const outsize_header &found = raw_->headers[index];
    return {{found.name, static_cast<std::size_t>(found.name_bytes)},
            {found.value, static_cast<std::size_t>(found.value_bytes)}};
  }
  /// The value of the first header of that name.
  [[nodiscard]] std::optional<std::span<const std::uint8_t>> header(std::string_view name) const {
    for (std::uint32_t i = 0; i < header_count(); ++i) {
      if (header(i).name == name) {
        return header(i).value;
      }
    }
    return std::nullopt;
  }

  /// Exact sizes; see outsize_policy_input for each.
  [[nodiscard]] std::uint64_t payload_bytes() const { return read(&outsize_policy_input::payload_bytes); }
  [[nodiscard]] std::uint64_t entry_bytes() const { return read(&outsize_policy_input::entry_bytes); }
  [[nodiscard]] std::uint64_t entry_bytes_max() const { return read(&outsize_policy_input::entry_bytes_max); }
  [[nodiscard]] std::uint64_t segment_limit_bytes() const { return read(&outsize_policy_input::segment_limit_bytes); }
  [[nodiscard]] std::uint64_t policy_limit_bytes() const { return read(&outsize_policy_input::policy_limit_bytes); }
  [[nodiscard]] std::uint64_t fragment_overhead_bytes() const {
    return read(&outsize_policy_input::fragment_overhead_bytes);
  }
  [[nodiscard]] std::uint64_t commit_entry_bytes() const { return read(&outsize_policy_input::commit_entry_bytes); }
  [[nodiscard]] std::uint64_t reference_entry_bytes() const {
    return read(&outsize_policy_input::reference_entry_bytes);
  }
  [[nodiscard]] std::uint64_t fragments_max() const { return read(&outsize_policy_input::fragments_max); }

  /// The smallest message that can carry the record as one entry: what refusals and message limits speak of. An entry
  /// stays below a message's size by the same difference as the largest entry stays below the segment limit.
  [[nodiscard]] std::uint64_t message_bytes() const {
    const std::uint64_t overhead =
        segment_limit_bytes() > entry_bytes_max() ? segment_limit_bytes() - entry_bytes_max() : 0;
    return entry_bytes() > UINT64_MAX - overhead ? UINT64_MAX : entry_bytes() + overhead;
  }

  /// The record can be stored as one entry.
  [[nodiscard]] bool fits() const { return entry_bytes() <= entry_bytes_max(); }

  /// Earlier plans of this very append that failed while carried out.
  [[nodiscard]] std::uint32_t plans_failed() const { return read(&outsize_policy_input::plans_failed); }
  [[nodiscard]] std::uint32_t last_failed_plan() const { return read(&outsize_policy_input::last_failed_plan); }
  [[nodiscard]] std::uint32_t last_failed_code() const { return read(&outsize_policy_input::last_failed_code); }
  [[nodiscard]] std::uint32_t open_sets() const { return read(&outsize_policy_input::open_sets); }

  [[nodiscard]] std::uint32_t blob_store_count() const { return read(&outsize_policy_input::blob_store_count); }
  /// `index` below blob_store_count().
  [[nodiscard]] blob_store_view blob_store(std::uint32_t index) const {
    const auto *first = reinterpret_cast<const char *>(raw_->blob_stores);
    const auto *found = reinterpret_cast<const outsize_blob_store_state *>(
        first + std::uint64_t{index} * raw_->blob_store_bytes); // the host's stride, not ours
    return {found->name, found->state, found->free_bytes};
  }
  [[nodiscard]] std::optional<blob_store_view> blob_store(std::string_view name) const {
    for (std::uint32_t i = 0; i < blob_store_count(); ++i) {
      if (blob_store(i).name == name) {
        return blob_store(i);
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] recent_bytes log_split() const {
    return {read(&outsize_policy_input::log_split_bytes_minute), read(&outsize_policy_input::log_split_bytes_hour)};
  }
  [[nodiscard]] recent_bytes log_spilled() const {
    return {read(&outsize_policy_input::log_spilled_bytes_minute), read(&outsize_policy_input::log_spilled_bytes_hour)};
  }
  [[nodiscard]] recent_bytes producer_split() const {
    return {read(&outsize_policy_input::producer_split_bytes_minute),
            read(&outsize_policy_input::producer_split_bytes_hour)};
  }
  [[nodiscard]] recent_bytes producer_spilled() const {
    return {read(&outsize_policy_input::producer_spilled_bytes_minute),
            read(&outsize_policy_input::producer_spilled_bytes_hour)};
  }

private:
  template <class T> [[nodiscard]] T read(T outsize_policy_input::*field) const {
    const T *at = &(raw_->*field);
    const auto end = reinterpret_cast<const char *>(at) - reinterpret_cast<const char *>(raw_) +
                     static_cast<std::ptrdiff_t>(sizeof(T));
    return static_cast<std::ptrdiff_t>(raw_->struct_size) >= end ? *at : T{};
  }
  [[nodiscard]] std::string_view text(const char *outsize_policy_input::*field) const {
    const char *found = read(field);
    return found == nullptr ? std::string_view{} : std::string_view{found};
  }
  const outsize_policy_input *raw_;
};

} // namespace outsize
