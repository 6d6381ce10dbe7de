// A node's view of the metadata, kept fresh by one waiting question to the metadata node, and its way to change it.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/chain/metadata.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

/// The two questions a follower has for the metadata node; each answered exactly once, later.
class metadata_link {
public:
  virtual ~metadata_link() = default;
  virtual void sync(wire::sync_metadata message, time_point deadline,
                    std::function<void(result<wire::metadata>)> then) = 0;
  virtual void update(wire::update_metadata message, time_point deadline,
                      std::function<void(result<wire::metadata_updated>)> then) = 0;
};

class metadata_follower final : public metadata {
public:
  struct options {
    duration sync_wait = std::chrono::seconds(10); ///< how long the metadata node may hold a question
    duration sync_slack = std::chrono::seconds(2); ///< and how much longer the answer may take
    duration update_timeout = std::chrono::seconds(5);
    duration retry_after = std::chrono::milliseconds(100);
    std::function<void(const error &)> on_bad_record; ///< a value that this version cannot read; it is skipped
    std::function<void()> on_changed;                 ///< the view changed; not called from inside update
  };
  /// `link` outlives the follower.
  metadata_follower(metadata_link &link, options how);
  ~metadata_follower() override { *alive_ = false; }

  [[nodiscard]] const cluster_view &view() const override { return view_; }
  void update(std::string key, std::uint64_t expected_version, std::string value, updated then) override;

  void on_time(time_point now);
  [[nodiscard]] time_point next_time() const { return asking_ ? never : ask_at_; }
  /// The link to the metadata node came up: ask at once.
  void on_link_up(time_point now);

private:
  void ask(time_point now);
  void apply(const wire::metadata &news);
  bool apply(const wire::metadata_item &item);

  metadata_link &link_;
  options options_;
  cluster_view view_;
  bool asking_ = false;
  time_point ask_at_{};
  time_point now_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); ///< answers may come after the end of the follower
};

} // namespace outsize::host
