// A node as a client sees it, in the hand of a test: it writes down what it is asked about appends, and answers as
// told.
#pragma once

#include "unit/wire/support/world.hpp"

#include <outsize/client/client.hpp>
#include <outsize/wire/codec.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace outsize::test {

class fake_node {
public:
  explicit fake_node(client::client_options options = {}) : node_(world_.add_node(node_options())) {
    (void)node_.inside.listen("scripted://n1").value();
    node_.message_rule = [this](wire::incoming &message) { take(message); };
    options.addresses = {"scripted://n1"};
    options.random = [] { return std::uint64_t{4129}; };
    std::vector<std::unique_ptr<transport_handle>> transports;
    transports.push_back(world_.net.open_transport(options.message_limit_bytes));
    client_ = std::make_unique<client::client>(std::move(transports), std::move(options));
    world_.others.emplace_back([this](time_point now) { return client_->poll(now); });
  }

  /// What the node answers.
  std::uint64_t piece_bytes = 1000;
  std::uint64_t window_bytes = 3000;
  bool holds_pieces = false;  ///< answers none by itself
  bool holds_finish = false;  ///< nor the end
  bool holds_appends = false; ///< nor whole records
  bool knows_large = true;    ///< else it answers as an older node
  /// Overrules the answer to open_append, piece and finish, where it is set and gives one.
  std::function<std::optional<wire::append_opened>(const wire::open_append &)> open_rule;
  std::function<std::optional<wire::append_result>(const wire::append_piece &)> piece_rule;
  std::function<std::optional<wire::append_result>()> finish_rule;

  /// What the node was asked.
  struct opened {
    wire::open_append what;
    buffer record_header;
  };
  struct piece {
    wire::append_piece what;
    rope bytes;
  };
  std::vector<opened> opens;
  std::vector<piece> pieces;
  std::vector<wire::finish_append> finishes;
  std::vector<wire::abandon_append> abandons;
  std::vector<wire::append> appends;
  std::vector<rope> append_payloads;

  [[nodiscard]] client::client &appending() { return *client_; }
  [[nodiscard]] time_point now() const { return world_.now; }
  void run_for(duration time) { world_.run_for(time); }
  void settle() { run_for(std::chrono::milliseconds(10)); }
  void cut_links() { world_.net.cut_all(); }
  void refuse_connections(bool refuses) { world_.net.refuses_connections = refuses; }

  /// Appends with 10 s for each answer; where the outcome goes.
  std::shared_ptr<std::optional<wire::append_result>> append(client::record what) {
    const auto slot = std::make_shared<std::optional<wire::append_result>>();
    client_->append("orders", std::move(what), now() + patience, told_once(slot));
    return slot;
  }
  std::shared_ptr<std::optional<wire::append_result>> append(const wire::record_header &header,
                                                             client::payload_source from) {
    const auto slot = std::make_shared<std::optional<wire::append_result>>();
    client_->append("orders", header, std::move(from), now() + patience, told_once(slot));
    return slot;
  }

  /// Answers the oldest piece, end, whole record that is held; false when there is none.
  bool take_piece() { return answer_one(held_pieces_, wire::piece_taken{}); }
  bool finish_one() { return answer_one(held_finishes_, wire::append_finished{committed()}); }
  bool answer_append() { return answer_one(held_appends_, wire::appended{{committed()}}); }

  static constexpr duration patience = std::chrono::seconds(10);

private:
  struct asked {
    wire::link_id link;
    std::uint64_t number;
  };

  static wire::endpoint_options node_options() {
    wire::endpoint_options made = wire::test::world::options_of("n1");
    made.self.append_window_bytes = wire::mib;
    return made;
  }

  static client::client::appended told_once(std::shared_ptr<std::optional<wire::append_result>> slot) {
    return [slot = std::move(slot)](wire::append_result outcome) {
      if (slot->has_value()) {
        throw std::logic_error("an append was answered twice");
      }
      *slot = std::move(outcome);
    };
  }

  wire::append_result committed() {
    wire::append_result made;
    made.offset = ++last_offset_;
    return made;
  }

  template <class Message> void answer(const asked &to, const Message &message) {
    node_.inside.answer(to.link, to.number, wire::make_outgoing(message));
  }
  template <class Message> bool answer_one(std::deque<asked> &held, const Message &message) {
    if (held.empty()) {
      return false;
    }
    answer(held.front(), message);
    held.pop_front();
    return true;
  }

  void take(wire::incoming &message) {
    const asked from{message.link, message.number};
    switch (message.what) {
    case wire::kind::open_append: {
      if (!knows_large) {
        node_.inside.answer_failure(from.link, from.number,
                                    wire::to_refusal(make_error(code::unsupported, "not known here")));
        return;
      }
      opens.push_back({wire::decode<wire::open_append>(message.header).value(), message.payload.flatten()});
      const auto ruled = open_rule ? open_rule(opens.back().what) : std::nullopt;
      answer(from, ruled.value_or(wire::append_opened{opens.size(), piece_bytes, window_bytes, {}}));
      return;
    }
    case wire::kind::append_piece: {
      pieces.push_back({wire::decode<wire::append_piece>(message.header).value(), message.payload});
      if (const auto ruled = piece_rule ? piece_rule(pieces.back().what) : std::nullopt) {
        answer(from, wire::piece_taken{ruled});
      } else if (holds_pieces) {
        held_pieces_.push_back(from);
      } else {
        answer(from, wire::piece_taken{});
      }
      return;
    }
    case wire::kind::finish_append: {
      finishes.push_back(wire::decode<wire::finish_append>(message.header).value());
      if (const auto ruled = finish_rule ? finish_rule() : std::nullopt) {
        answer(from, wire::append_finished{*ruled});
      } else if (holds_finish) {
        held_finishes_.push_back(from);
      } else {
        answer(from, wire::append_finished{committed()});
      }
      return;
    }
    case wire::kind::abandon_append:
      abandons.push_back(wire::decode<wire::abandon_append>(message.header).value());
      return;
    default:
      appends.push_back(wire::decode<wire::append>(message.header).value());
      append_payloads.push_back(message.payload);
      if (holds_appends) {
        held_appends_.push_back(from);
      } else {
        answer(from, wire::appended{std::vector<wire::append_result>(appends.back().records.size(), committed())});
      }
    }
  }

  wire::test::world world_;
  wire::test::test_node &node_;
  std::unique_ptr<client::client> client_;
  std::deque<asked> held_pieces_;
  std::deque<asked> held_finishes_;
  std::deque<asked> held_appends_;
  wire::offset_t last_offset_ = 0;
};

inline wire::append_result refusal(code why) {
  wire::append_result made;
  made.refused = wire::to_refusal(make_error(why, "as the test wants it"));
  return made;
}

/// Why it was refused; code::ok when it was not.
inline code why_refused(const std::optional<wire::append_result> &outcome) {
  return outcome.has_value() && outcome->refused.has_value() ? outcome->refused->why : code::ok;
}

} // namespace outsize::test
