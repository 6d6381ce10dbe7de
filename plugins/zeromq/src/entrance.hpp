// The connections that one listening socket has accepted, and how long each may take to open its link.
//
// Thread rule: the host's thread.
#pragma once

#include "caller.hpp"
#include "connection.hpp"
#include "context.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace outsize::zeromq {

class entrance {
public:
  struct entry {
    std::unique_ptr<connection> at;
    caller *speaker = nullptr; ///< once something has come from it
    std::string why;           ///< we cut it
  };

  entrance(shared_context &shared, reader &owner) : shared_(shared), owner_(owner) {}
  entrance(const entrance &) = delete;
  entrance &operator=(const entrance &) = delete;
  ~entrance();

  /// libzmq has accepted a connection to `port` and calls it `number`. The oldest of too many that have not opened a
  /// link is cut.
  void accepted(int number, int port, time_point now);
  /// libzmq has lost it. Its speaker, if any, has departed.
  void lost(int number, time_point now);
  /// Null for a connection that is gone.
  entry *find(int number);
  entry *find(const connection &at) { return find_tag(at.tag()); }
  [[nodiscard]] const entry *find(const connection &at) const {
    const auto found = entries_.find(at.tag());
    return found == entries_.end() ? nullptr : &found->second;
  }
  /// Cuts it, and says why in the log.
  void cut(entry &which, const std::string &why);
  /// Cuts those that took too long.
  void expire(time_point now);
  [[nodiscard]] time_point deadline() const { return young_.empty() ? never : young_.front().until; }

private:
  struct young {
    std::uint64_t tag;
    time_point until;
  };
  entry *find_tag(std::uint64_t tag);
  [[nodiscard]] bool opened(std::uint64_t tag);
  void shed();
  void drop(std::uint64_t tag);
  shared_context &shared_;
  reader &owner_;
  std::unordered_map<int, std::uint64_t> tags_;      ///< by libzmq's descriptor
  std::unordered_map<std::uint64_t, entry> entries_; ///< by tag
  std::deque<young> young_;                          ///< oldest first; some have opened a link since
};

} // namespace outsize::zeromq
