// Blob stores in memory, in the hand of a test: what was asked waits until the test lets it happen.
#pragma once

#include "host/blob/blob_io.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace outsize::test {

class fake_blobs final : public host::blob_io {
public:
  std::map<std::string, std::string> blobs; ///< finished ones, by store and key: "archive/7/0/1-1"
  std::optional<error> fails;               ///< what add, finish and get answer from now on
  std::size_t abandoned = 0;
  std::vector<std::uint64_t> asked_bytes; ///< of each get

  /// Lets the next call happen; false when none waits.
  bool deliver_one() {
    if (waiting_.empty()) {
      return false;
    }
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    next();
    return true;
  }
  [[nodiscard]] std::size_t uploads() const { return uploads_.size(); }

  [[nodiscard]] std::vector<outsize_blob_store_state> states() const override {
    return {{sizeof(outsize_blob_store_state), OUTSIZE_BLOB_STORE_READY, "archive", UINT64_MAX}};
  }
  host::upload_id begin(const std::string &store, const std::string &key, std::uint64_t bytes) override {
    uploads_[++last_] = {store + "/" + key, bytes, {}};
    return last_;
  }
  void add(host::upload_id upload, rope bytes, std::function<void(result<void>)> then) override {
    waiting_.emplace_back([this, upload, bytes = std::move(bytes), then = std::move(then)] {
      if (const auto found = uploads_.find(upload); found != uploads_.end()) {
        found->second.content += bytes.flatten().text();
        then(outcome());
      }
    });
  }
  void finish(host::upload_id upload, std::function<void(result<void>)> then) override {
    waiting_.emplace_back([this, upload, then = std::move(then)] {
      const auto found = uploads_.find(upload);
      if (found == uploads_.end()) {
        return;
      }
      const bool whole = found->second.content.size() == found->second.bytes;
      if (whole && !fails) {
        blobs[found->second.name] = found->second.content;
      }
      uploads_.erase(found);
      then(whole ? outcome() : make_error(code::internal, "the upload is not as long as announced"));
    });
  }
  void abandon(host::upload_id upload) override { abandoned += uploads_.erase(upload); }
  void get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes, time_point,
           std::function<void(result<rope>)> then) override {
    asked_bytes.push_back(bytes);
    waiting_.emplace_back([this, name = store + "/" + key, from, bytes, then = std::move(then)] {
      const auto found = blobs.find(name);
      if (fails.has_value() || found == blobs.end()) {
        then(fails.value_or(make_error(code::blob_missing, "there is no " + name)));
        return;
      }
      then(rope(buffer::copy_of(found->second.substr(std::min<std::size_t>(from, found->second.size()), bytes))));
    });
  }

private:
  struct under_way {
    std::string name;
    std::uint64_t bytes = 0;
    std::string content;
  };
  [[nodiscard]] result<void> outcome() const { return fails ? result<void>(*fails) : result<void>(); }

  std::deque<std::function<void()>> waiting_;
  std::map<host::upload_id, under_way> uploads_;
  host::upload_id last_ = 0;
};

} // namespace outsize::test
