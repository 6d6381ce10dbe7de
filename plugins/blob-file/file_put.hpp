// One upload: bytes into a file of `uploads`, then durable, then a name in `blobs`, then that name durable.
//
// Thread rule: one thread at a time.
#pragma once

#include "folder_tree.hpp"
#include "key_path.hpp"
#include "place.hpp"
#include "space.hpp"
#include "upload_file.hpp"

#include <outsize/blob_store.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace outsize::blob_file {

class file_put final : public blob_put {
public:
  struct announced {
    std::string key;
    std::uint64_t size;
  };
  /// `in` and `tree` outlive this.
  file_put(host_services host, const place &in, folder_tree &tree, announced what, claim room, upload_file file);

  result<void> chunk(const blob_call &call, std::span<const std::uint8_t> bytes) override;
  result<void> finish(const blob_call &call) override;

private:
  result<void> write(const blob_call &call, std::span<const std::uint8_t> bytes);
  result<void> make_durable(const blob_call &call);
  result<void> make_visible();
  [[nodiscard]] error wrong_size(std::uint64_t actual_bytes) const;
  [[nodiscard]] error failure() const; ///< that errno tells of
  [[nodiscard]] std::string subject() const { return place_.subject(what_.key); }
  /// Nothing of the upload is left, and no call helps it any more.
  result<void> give_up(error why);

  const host_services host_;
  const place &place_;
  folder_tree &tree_;
  const announced what_;
  claim room_;
  upload_file file_;
  std::uint64_t written_bytes_ = 0;
  bool is_over_ = false;
};

} // namespace outsize::blob_file
