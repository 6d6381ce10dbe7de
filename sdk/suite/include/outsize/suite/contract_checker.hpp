// The rules of <outsize/abi/transport.h> that can be checked on every single event, whatever the case is about.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/transport_handle.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace outsize::suite {

/// Watches one instance. Every breach is kept as a sentence; a good transport leaves none.
class contract_checker {
public:
  void poll_begins(std::uint32_t budget);
  void poll_ends();
  void connecting(outsize_link link);
  void queued(outsize_link link, std::uint64_t token);
  void saw(const transport_event &event);

  [[nodiscard]] const std::vector<std::string> &breaches() const { return breaches_; }
  /// Sends that were queued and have no completion yet.
  [[nodiscard]] std::size_t outstanding() const;
  [[nodiscard]] std::size_t outstanding(outsize_link link) const;

private:
  void saw_link_up(const transport_event &event);
  void saw_link_down(const transport_event &event);
  void saw_completion(const transport_event &event);
  void breach(const std::string &rule, const transport_event &event);

  bool polling_ = false;
  std::uint32_t budget_left_ = 0;
  std::thread::id poller_;
  std::set<outsize_link> dialled_; // by us, not up yet
  std::set<outsize_link> up_;
  std::set<outsize_link> gone_;
  std::map<outsize_link, std::multiset<std::uint64_t>> outstanding_; // tokens of queued sends
  std::vector<std::string> breaches_;
};

} // namespace outsize::suite
