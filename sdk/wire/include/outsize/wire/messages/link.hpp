// Opening, keeping and closing a link, and messages in parts. See messages.hpp.
#pragma once

#include <outsize/wire/messages/kind.hpp>
#include <outsize/wire/messages/refusal.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <string>

namespace outsize::wire {

/// What this version speaks.
inline constexpr std::uint16_t protocol_version = 1;

/// First message of the side that dialled; answered by welcome or goodbye. Both sides send at most the smaller of the
/// two message limits from then on.
struct hello {
  static constexpr kind number = kind::hello;
  std::uint16_t protocol_min = 0;
  std::uint16_t protocol_max = 0;
  peer_role role = peer_role::node;
  link_class link = link_class::control;
  cluster_id cluster{};     ///< all zero: not known yet
  std::string cluster_name; ///< empty from clients
  std::string node;         ///< node name, or whatever a client calls itself
  generation_t generation = 0;
  std::uint64_t message_limit_bytes = 0; ///< the largest whole message this side takes
  std::uint64_t part_window_bytes = 0;   ///< bytes of part messages it takes before it has to give credit; 0: no parts
  std::uint64_t capabilities = 0;        ///< bits, none defined yet
  std::uint64_t append_window_bytes = 0; ///< append bytes a client may have unanswered; 0 from clients
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.protocol_min, "protocol_min");
    visit(2, self.protocol_max, "protocol_max");
    visit(3, self.role, "role");
    visit(4, self.link, "link");
    visit(5, self.cluster, "cluster");
    visit(6, self.cluster_name, "cluster_name");
    visit(7, self.node, "node");
    visit(8, self.generation, "generation");
    visit(9, self.message_limit_bytes, "message_limit_bytes");
    visit(10, self.part_window_bytes, "part_window_bytes");
    visit(11, self.capabilities, "capabilities");
    visit(12, self.append_window_bytes, "append_window_bytes");
  }
};

/// The answer to hello, with the same fields about the other side; protocol_min = protocol_max = the version chosen.
struct welcome : hello {
  static constexpr kind number = kind::welcome;
};

/// "This link ends, and why." The sender closes the link behind it.
struct goodbye {
  static constexpr kind number = kind::goodbye;
  refusal why;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.why, "why"); }
};

/// Sent on a link on which nothing came for a while; answered by pong with the same number.
struct ping {
  static constexpr kind number = kind::ping;
  template <class Self, class Visit> static void visit(Self &, Visit &&) {}
};
struct pong {
  static constexpr kind number = kind::pong;
  template <class Self, class Visit> static void visit(Self &, Visit &&) {}
};

/// A piece of a message that is larger than one part may be. The pieces together are the message's header part followed
/// by its payload. Pieces of one message come in order; pieces of several may be interleaved. A part without payload
/// says that the rest of the message will not come; its other fields mean nothing.
struct part {
  static constexpr kind number = kind::part;
  std::uint64_t message = 0;      ///< names the large message on this link in this direction: 1, 2, 3, …
  std::uint64_t header_bytes = 0; ///< length of its header part
  std::uint64_t total_bytes = 0;  ///< header part and payload
  std::uint64_t from = 0;         ///< position of this piece
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) {
    visit(1, self.message, "message");
    visit(2, self.header_bytes, "header_bytes");
    visit(3, self.total_bytes, "total_bytes");
    visit(4, self.from, "from");
  }
};

/// Gives the sender of parts room for that many more bytes of them.
struct credit {
  static constexpr kind number = kind::credit;
  std::uint64_t bytes = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.bytes, "bytes"); }
};

/// The answer to a request that cannot be answered otherwise.
struct failure {
  static constexpr kind number = kind::failure;
  refusal why;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.why, "why"); }
};

/// The asker no longer waits for the answer to the request of that number; parts of it not yet sent need not be.
struct withdraw {
  static constexpr kind number = kind::withdraw;
  std::uint64_t message = 0;
  template <class Self, class Visit> static void visit(Self &self, Visit &&visit) { visit(1, self.message, "message"); }
};

} // namespace outsize::wire
