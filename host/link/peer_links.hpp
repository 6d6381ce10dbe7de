// A node's links to the nodes of its cluster, itself included: three to each, so that bulk never delays answers.
//
//   control  metadata, seals, tails, descriptions, releases
//   stores   stores, and appends relayed to the sequencer's node, whole or in pieces
//   reads    fetches and listings
//
// It turns typed questions into requests of the endpoint and typed answers back. Every question is answered exactly
// once and never from inside the call.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/chain/metadata_follower.hpp"
#include "host/segment/peers.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/endpoint.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

class peer_links final : public peers, public metadata_link {
public:
  struct options {
    std::string metadata_node;
  };
  /// What is known of one link, for status.
  struct link_state {
    wire::link_class what{};
    wire::link_id id = 0; ///< 0 = down
    std::uint64_t times_up = 0;
    std::string last_error; ///< why it is or was down
  };
  struct peer_state {
    std::string address;
    std::array<link_state, 3> links; ///< control, stores, reads
    bool said_unreachable = false;   ///< the journal has it, and need not hear it at every attempt
  };
  /// A peer that could be reached cannot, or the other way round: for the journal.
  struct change {
    std::string node;
    std::string address;
    bool is_reachable = false;
  };

  /// `through` outlives this object.
  peer_links(wire::endpoint &through, options how);

  /// Begins to dial a node, and goes on until the endpoint closes.
  result<void> add(const std::string &node, const std::string &address);

  /// The endpoint's events; links that were not dialled here are ignored. True when the link is one of these.
  bool on_link_up(const wire::link_info &link);
  bool on_link_down(const wire::link_info &link, const error &why);
  /// The first failure since the peer was last reachable is a change.
  std::optional<change> on_dial_failed(wire::dial_id dial, const error &why);
  /// After on_link_up: the first link since it was said that the peer cannot be reached is a change.
  std::optional<change> now_reachable(const std::string &node);
  /// Answers the questions that failed at once. The owner calls it in each round.
  void run_deferred();
  [[nodiscard]] bool has_deferred() const { return !deferred_.empty(); }

  [[nodiscard]] const std::map<std::string, peer_state> &all() const { return peers_; }
  [[nodiscard]] bool reachable(const std::string &node) const;
  /// The node a dialled link leads to; empty for other links.
  [[nodiscard]] std::string node_of(wire::link_id link) const;
  [[nodiscard]] std::string node_of_dial(wire::dial_id dial) const;

  // peers
  [[nodiscard]] std::uint64_t store_link_limit(const std::string &node) const override;
  void store(const std::string &node, wire::store message, rope payload, time_point deadline,
             answered<wire::stored> then) override;
  void seal(const std::string &node, wire::seal message, time_point deadline, answered<wire::sealed> then) override;
  void fetch(const std::string &node, wire::fetch message, time_point deadline, answered<wire::fetched> then) override;
  void fetch_set(const std::string &node, wire::fetch_set message, time_point deadline,
                 answered<wire::set_fetched> then) override;
  void list_entries(const std::string &node, wire::list_entries message, time_point deadline,
                    answered<wire::entries> then) override;
  void describe_segment(const std::string &node, wire::describe_segment message, time_point deadline,
                        answered<wire::segment_state> then) override;
  void release(const std::string &node, wire::release message) override;

  // to the sequencer's node
  void append(const std::string &node, wire::append message, rope payload, time_point deadline,
              answered<wire::appended> then);
  /// Records in pieces. The stream that an answer names ends with the link; what was asked over that link is answered
  /// with link_down.
  void open_append(const std::string &node, const wire::open_append &message, rope record_header, time_point deadline,
                   answered<wire::append_opened> then);
  void append_piece(const std::string &node, const wire::append_piece &message, rope bytes, time_point deadline,
                    answered<wire::piece_taken> then);
  void finish_append(const std::string &node, const wire::finish_append &message, time_point deadline,
                     answered<wire::append_finished> then);
  void abandon_append(const std::string &node, const wire::abandon_append &message);
  void find_tail(const std::string &node, wire::find_tail message, time_point deadline, answered<wire::tail> then);

  // metadata_link
  void sync(wire::sync_metadata message, time_point deadline,
            std::function<void(result<wire::metadata>)> then) override;
  void update(wire::update_metadata message, time_point deadline,
              std::function<void(result<wire::metadata_updated>)> then) override;

private:
  template <class Answer> void ask(const std::string &node, wire::link_class over, wire::outgoing message,
                                   time_point deadline, answered<Answer> then);
  [[nodiscard]] const link_state *find(const std::string &node, wire::link_class what) const;

  wire::endpoint &endpoint_;
  options options_;
  std::map<std::string, peer_state> peers_;
  std::map<wire::dial_id, std::pair<std::string, std::size_t>> dials_; ///< node, place in peer_state::links
  std::map<wire::link_id, std::string> nodes_;
  std::vector<std::function<void()>> deferred_;
};

} // namespace outsize::host
