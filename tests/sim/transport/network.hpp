// The network between simulated machines: carries the messages of simulated transports, and is where links get slow,
// stall, break and lie. All of it happens on the time that `run` is given, and by chance from one seed.
//
// A machine is a name ("n1"); each opened transport is a `port` of one machine. Between two machines lies a path in
// each direction, with its own delay, bandwidth and faults. Links are reliable and in order, so the faults are those
// that reliable links have: a lost message takes the link down, one or both ends notice; a blocked path holds bytes
// back and the link stays up; a machine without power answers nothing; a handshake is lost half-way and leaves a stale
// link at the one side.
//
// Thread rule: one thread.
#pragma once

#include "sim/random.hpp"

#include <outsize/buffer.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/timers.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace outsize::sim {

class connection;
class port;

/// One direction between two machines.
struct path_quality {
  duration delay = std::chrono::microseconds(100); ///< of everything, one way
  duration jitter{};                               ///< up to so much more, drawn for each message
  std::uint64_t bytes_per_second = 0;              ///< 0 = no bound
  std::uint64_t loss_millionths = 0;               ///< a message is lost and its link breaks
  std::uint64_t half_open_millionths = 0;          ///< when a link breaks: only one end notices
  std::uint64_t lost_handshake_millionths = 0;     ///< a link opens at the accepting end only
  bool blocked = false;                            ///< bytes stop; links stay up
};

/// A message that was put on the wire.
struct sighting {
  const std::string &from;
  const std::string &to;
  std::uint64_t bytes = 0;
  std::uint64_t limit_bytes = 0; ///< the smaller of the two ends' own message limits, whatever they agreed on
  std::uint64_t connection = 0;  ///< the how manieth of this network; 0: by memory, and which is not known
  std::size_t side = 0;          ///< of it that sends; 0 dialled
  std::vector<buffer> &parts;
};

/// How often chance struck.
struct network_faults {
  std::uint64_t messages_lost = 0;
  std::uint64_t links_half_open = 0;
  std::uint64_t handshakes_lost = 0;
};

/// What a test does to a message on its way; `pass` is what a network does.
enum class tampering : std::uint8_t { pass, drop, twice };

class network {
public:
  explicit network(random_source random);
  ~network();
  network(const network &) = delete;
  network &operator=(const network &) = delete;

  // ---- for the driver

  /// What paths are like that are asked for later.
  void set_usual_path(const path_quality &usual) { usual_path_ = usual; }
  /// The path from one machine to another.
  path_quality &path(const std::string &from, const std::string &to);
  /// Stops or starts the bytes in one direction. What was held back goes on when it is unblocked.
  void block(const std::string &from, const std::string &to, bool blocked);
  /// Breaks every link between two machines; each end notices after the delay of its path.
  void break_links(const std::string &one, const std::string &other);
  /// The machine loses power: nothing it had in flight matters any more and nobody is told. Its ports may be destroyed
  /// after it. With power on again, whatever still arrives for its old links is answered with a reset.
  void set_power(const std::string &machine, bool on);

  /// Does everything that is due at `now`.
  void run(time_point now);
  /// When something is due next; never when nothing is.
  [[nodiscard]] time_point next_time() const;
  /// Learns the time without doing anything.
  void advance(time_point now) { now_ = std::max(now_, now); }
  [[nodiscard]] time_point now() const { return now_; }
  /// True when a port of the machine has something for its owner: what a readable event descriptor says elsewhere.
  [[nodiscard]] bool has_work(const std::string &machine) const;
  /// Bytes sent by a machine and not yet taken by their receivers.
  [[nodiscard]] std::uint64_t bytes_under_way(const std::string &from) const;

  [[nodiscard]] const network_faults &faults() const { return faults_; }

  /// Sees each message when it is put on the wire and may change it.
  void on_message(std::function<tampering(sighting &)> observer) { observer_ = std::move(observer); }
  /// Sees each message that a machine sends to itself by memory, after it was taken.
  void on_crossing(std::function<void(sighting &)> observer) { crossing_observer_ = std::move(observer); }
  void show_crossing(const std::string &machine, std::uint64_t limit_bytes, std::span<const buffer> parts);
  /// Nobody asks has_work: ports have to be polled now and again to find out what came.
  void set_polled(bool polled) { polled_ = polled; }
  [[nodiscard]] bool polled() const { return polled_; }

private:
  friend class connection;
  friend class port;

  [[nodiscard]] duration delay_of(const std::string &from, const std::string &to);
  [[nodiscard]] bool powered(const std::string &machine) const { return !dark_.contains(machine); }
  void at(time_point when, std::function<void()> then) { timers_.schedule(when, std::move(then)); }
  void adopt(const std::shared_ptr<connection> &made);
  /// The connections that still exist, in the order they were made.
  std::vector<std::shared_ptr<connection>> living();

  random_source random_;
  time_point now_{};
  wire::timer_queue timers_;
  path_quality usual_path_;
  std::map<std::pair<std::string, std::string>, path_quality> paths_;
  std::set<std::string> dark_; ///< machines without power
  std::vector<port *> ports_;
  std::map<std::string, port *> listeners_; ///< by address
  std::vector<std::weak_ptr<connection>> connections_;
  std::function<tampering(sighting &)> observer_;
  std::function<void(sighting &)> crossing_observer_;
  network_faults faults_;
  std::uint64_t last_address_ = 0;
  std::uint64_t last_link_ = 0;
  std::uint64_t last_connection_ = 0;
  bool polled_ = false;
};

/// The service by which simulated transports find their network and learn on which machine they are.
inline constexpr const char *network_service = "outsize.sim-network/1";
struct network_door {
  sim::network *network = nullptr;
  std::string machine;
};

} // namespace outsize::sim
