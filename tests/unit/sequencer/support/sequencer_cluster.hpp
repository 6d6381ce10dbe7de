// A sequencer among model servers and a metadata store, all in the hand of one test: time, links, answers.
#pragma once

#include "fake_metadata.hpp"
#include "fake_peers.hpp"
#include "make_record.hpp"

#include "host/sequencer/log_sequencer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace outsize::test {

/// An append and, when it came, its answer.
struct append_handle {
  bool answered = false;
  std::vector<wire::append_result> results;
  [[nodiscard]] const wire::append_result &only() const { return results.at(0); }
  [[nodiscard]] wire::offset_t offset() const { return answered ? only().offset : wire::no_offset; }
  /// ok when it was appended, internal when there is no answer yet.
  [[nodiscard]] code refused() const {
    return !answered ? code::internal : only().refused.has_value() ? only().refused->why : code::ok;
  }
};
using handle = std::shared_ptr<append_handle>;

struct member_config {
  std::string name;
  std::uint64_t limit_bytes = 32 * wire::mib;
};

class sequencer_cluster {
public:
  explicit sequencer_cluster(std::vector<member_config> members = {{"n1"}, {"n2"}, {"n3"}},
                             std::uint32_t replication = 2);

  time_point now{std::chrono::seconds(1000)};
  fake_peers peers;
  fake_metadata metadata;
  host::sequencer_options options; ///< before start
  std::vector<host::chained_policy> policies;
  std::vector<std::string> lines;
  std::unique_ptr<host::log_sequencer> sequencer;

  /// A sequencer on n3 with a generation of its own; the one before it is gone without a word.
  void start();
  /// The same, and until it is open.
  void start_and_open();

  handle append(const std::string &payload, const wire::record_header &header = {}, time_point deadline = never);
  handle append_all(std::vector<host::append_item> items, time_point deadline = never);

  void link_up(const std::string &node);
  void link_down(const std::string &node);
  /// The node comes back with another message limit, registered, on a new link.
  void restart_with_limit(const std::string &node, std::uint64_t limit_bytes);

  /// Lets everything happen that needs no time to pass.
  void run();
  /// Lets time pass, event by event.
  void pass(duration time);

  [[nodiscard]] host::sequencer_status status() const { return sequencer->status(now); }
  [[nodiscard]] std::string state() const { return status().state; }
  [[nodiscard]] const host::log_record &log() const { return metadata.log("orders"); }
  [[nodiscard]] wire::segment_id segment(std::uint32_t index) const { return {7, index}; }
  [[nodiscard]] std::size_t lines_with(const std::string &part) const;
  /// On how many servers the payload is to be found at the offset.
  [[nodiscard]] std::size_t copies(std::uint32_t segment_index, wire::offset_t offset, const std::string &payload);

private:
  void register_node(const std::string &node, host::generation_t generation);

  std::map<std::string, std::uint64_t> limits_;
  std::map<std::string, host::generation_t> generations_;
  std::uint64_t random_ = 1;
};

} // namespace outsize::test
