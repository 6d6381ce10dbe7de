// A listening node and strangers that call it: the fixture of the cases about peers that do not keep to the protocol.
//
// Thread rule: one thread at a time; flood has a thread of its own.
#pragma once

#include "frames.hpp"
#include "limits.hpp"
#include "raw_peer.hpp"
#include "zeromq_factory.hpp"

#include <outsize/suite/catch.hpp>
#include <outsize/suite/transport_rig.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace outsize::zeromq {

/// Resident memory of this process, now and at its highest since reset_peak.
std::uint64_t resident_bytes();
void reset_peak();
std::uint64_t peak_bytes();

/// A raw peer with an open link.
struct open_peer {
  raw_peer peer;
  opened_body link;

  bool head(const std::vector<std::uint64_t> &sizes, const bytes &leading, std::uint32_t raw = 0);
  bool piece(const bytes &inline_bytes, std::uint32_t raw = 0);
};

bytes make_head(std::uint64_t session, const std::vector<std::uint64_t> &sizes, const bytes &leading,
                std::uint32_t raw = 0);
bytes make_piece(std::uint64_t session, const bytes &inline_bytes, std::uint32_t raw = 0);

class stage {
public:
  explicit stage(const suite::node_options &options = {}, const suite::param_texts &params = {});

  /// A raw peer that has shaken hands.
  raw_peer stranger();
  /// One whose link is open.
  open_peer guest(std::uint64_t window_bytes = window_bytes_max);
  /// The node's newest link.
  outsize_link newest() { return server.ups().back(); }

  /// Sends the beginning of a message and runs the nodes until the server has given credit for it: then it holds
  /// memory.
  void begin_message(open_peer &from, std::uint64_t bytes_total);
  /// Runs the nodes until the peer has been closed. False when it was not within the suite's patience.
  bool closed(raw_peer &peer);
  /// Runs the nodes until a close frame comes. Returns its reason and text; nothing when the connection ended first.
  std::optional<close_body> told(raw_peer &peer);
  /// Runs the nodes while `attack`, on its own thread, sends until it is refused or has sent enough. Returns the growth
  /// of the peak of resident memory.
  std::uint64_t flood(const std::function<void()> &attack);
  /// An honest link works.
  void check_others_unharmed();

  suite::transport_factory factory;
  suite::transport_rig rig;
  suite::node &server;
  std::string address;

private:
  suite::node *honest_ = nullptr;
};

} // namespace outsize::zeromq
