// A metadata store in the hand of a test: changes are answered when the test says so, get lost, or come second.
#pragma once

#include "host/chain/metadata.hpp"

#include <deque>
#include <functional>
#include <string>

namespace outsize::test {

class fake_metadata : public host::metadata {
public:
  /// What happens to the next changes.
  enum class fate { normal, lost_before, lost_after };
  fate next = fate::normal;
  bool follows = true; ///< the view shows changes at once; else with catch_up
  std::size_t updates = 0;

  void set_node(host::node_record record) {
    auto &known = shown_.nodes[record.name];
    known = {++revision_, std::move(record)};
    shown_.revision = revision_;
  }
  void set_log(host::log_record record) {
    const std::string name = record.name;
    truth_[name] = {++revision_, std::move(record)};
    catch_up();
  }
  [[nodiscard]] const host::log_record &log(const std::string &name) const { return truth_.at(name).record; }

  void catch_up() {
    for (const auto &[name, record] : truth_) {
      shown_.logs[name] = record;
    }
    shown_.revision = revision_;
  }
  /// Answers the oldest change; false when there is none.
  bool deliver_one() {
    if (answers_.empty()) {
      return false;
    }
    const std::function<void()> answer = std::move(answers_.front());
    answers_.pop_front();
    answer();
    return true;
  }

  // host::metadata
  [[nodiscard]] const host::cluster_view &view() const override { return shown_; }
  void update(std::string key, std::uint64_t expected, std::string value, updated then) override {
    ++updates;
    answers_.push_back([this, key, expected, value, then, how = next] {
      host::versioned<host::log_record> &at = truth_[key.substr(4)];
      const bool swaps = how != fate::lost_before && at.version == expected;
      if (swaps) {
        at = {++revision_, host::decode_log_record(value).value()};
      }
      if (follows) {
        catch_up();
      }
      if (how != fate::normal) {
        then(make_error(code::metadata_unavailable, "the answer was lost"));
      } else {
        then(outcome{swaps, at.version, host::encode(at.record)});
      }
    });
  }

private:
  host::cluster_view shown_;
  std::map<std::string, host::versioned<host::log_record>> truth_;
  std::uint64_t revision_ = 0;
  std::deque<std::function<void()>> answers_;
};

} // namespace outsize::test
