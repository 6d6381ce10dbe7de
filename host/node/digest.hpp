// `outsize digest LOG`: asks every member of every segment which entries it holds, and compares.
//
// It walks one server after the other in pages, and keeps 24 bytes for each offset seen, and as much for each split
// set, so a digest covers at most offsets_max of them; the range can be narrowed. A split set whose commit entry no
// server lists is uncommitted: its record is still coming, or its bytes are dead until they are trimmed. In a narrowed
// range that may also mean that the commit lies outside of it.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/chain/records.hpp"
#include "host/segment/peers.hpp"
#include "host/storage/storage.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace outsize::host {

class digest_walk : public std::enable_shared_from_this<digest_walk> {
public:
  static constexpr std::uint64_t offsets_max = 4'000'000;
  /// The JSON object of the result: log, segments, each with its servers' ranges, counts and digests and with its
  /// uncommitted split sets, and conflicts.
  using answered = std::function<void(result<std::string>)>;

  /// `servers` outlives the walk; `now` gives the time of the present round.
  static void start(const log_record &log, offset_t from, offset_t to, peers &servers, std::function<time_point()> now,
                    answered then);

private:
  struct state;
  explicit digest_walk(std::unique_ptr<state> walk);
  void step();
  void on_page(const result<wire::entries> &page);
  void finish_server(const std::string &failure);
  std::shared_ptr<state> state_;
};

} // namespace outsize::host
