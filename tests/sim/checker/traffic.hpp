// What goes over the links, message by message: nothing above a link's limit (Z1, Z3), stores only from the segment's
// writer (L1), cut by bytes (Z4), to servers that take them (Z8), with tails that are on a write quorum (L4); answers
// that promise no more than is on the disk (L3, L6); bulk only on links that are for it and within its window (Z6).
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/chains.hpp"
#include "sim/checker/copies.hpp"
#include "sim/checker/coverage.hpp"
#include "sim/checker/findings.hpp"
#include "sim/transport/network.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

namespace outsize::sim {

class traffic {
public:
  traffic(const chains &known, const copies &held, findings &found, coverage &seen)
      : chains_(known), copies_(held), found_(found), seen_(seen) {}

  /// A message that is being put on the wire.
  void on_message(const sighting &message);

private:
  /// One direction of a link.
  struct flow {
    std::uint64_t window_bytes = 0; ///< of parts, as the receiving end said
    std::uint64_t uncredited_bytes = 0;
  };
  struct link {
    std::optional<wire::link_class> what; ///< nothing before the hello
    std::array<flow, 2> flows;            ///< by sending side
  };
  /// A store that a server refused for good.
  using refused_store = std::tuple<std::string, segment_id, host::generation_t, offset_t>;

  void on_appended(const wire::appended &answer);
  void on_records(const sighting &message, const wire::records &answer);
  void on_piece(const sighting &message);
  void on_link(link &over, const sighting &message, wire::kind what);
  void on_hello(link &over, const sighting &message, const wire::hello &said);
  void on_part(link &over, const sighting &message);
  void on_credit(link &over, const sighting &message, const wire::credit &given);
  void on_store(const sighting &message, std::uint64_t number, const wire::store &store);
  void check_first_store(const sighting &message, const wire::store &store, const host::segment_record &segment);
  void on_stored(const sighting &message, std::uint64_t number, const wire::stored &answer);
  void check_state(const sighting &message, const segment_id &segment, const wire::server_state &state);

  const chains &chains_;
  const copies &copies_;
  findings &found_;
  coverage &seen_;
  std::map<std::uint64_t, link> links_;                                  ///< by connection
  std::map<std::pair<std::string, std::uint64_t>, refused_store> asked_; ///< stores by link and number
  std::map<refused_store, std::uint32_t> refused_;                       ///< how often
  std::array<std::uint64_t *, 256> sent_{};                              ///< counters by kind
};

} // namespace outsize::sim
