// The blob store `blob-file`: a directory of files, one per blob.
//
// Thread rule: as the contract has it: any thread, several at once; create and the destructor alone.
#pragma once

#include "folder_tree.hpp"
#include "place.hpp"
#include "space.hpp"

#include <outsize/blob_store.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace outsize::blob_file {

class file_store final : public blob_store {
public:
  static std::span<const outsize_param> params();
  static result<std::unique_ptr<blob_store>> create(const blob_store_setup &setup);

  file_store(host_services host, place in, std::uint64_t reserve_bytes);

  result<std::unique_ptr<blob_put>> begin(const blob_call &call, std::string_view key, std::uint64_t size) override;
  result<std::uint64_t> get(const blob_call &call, std::string_view key, std::uint64_t from,
                            std::span<std::uint8_t> into) override;
  result<blob_info> stat(const blob_call &call, std::string_view key) override;
  result<void> list(const blob_call &call, std::string_view prefix, const on_key &tell) override;
  result<void> remove(const blob_call &call, std::string_view key) override;
  std::optional<std::uint64_t> free_bytes() override { return space_.free_bytes(); }

private:
  /// The failure of a read that errno tells of, once it is sure that the directory is still the store's.
  [[nodiscard]] error read_error(std::string_view key) const;

  const host_services host_;
  const place place_;
  folder_tree tree_;
  space space_;
};

} // namespace outsize::blob_file
