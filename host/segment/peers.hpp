// How the machines of a node reach log servers, its own included: always by message, always under the same limits.
//
// Thread rule: the node's loop thread. Callbacks run later, never inside the call, exactly once.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace outsize::host {

class peers {
public:
  template <class Answer> using answered = std::function<void(result<Answer> answer, rope payload)>;

  virtual ~peers() = default;

  /// Is there a link for stores to this node now, and what is its limit? 0 = no link.
  [[nodiscard]] virtual std::uint64_t store_link_limit(const std::string &node) const = 0;

  /// Each of these fails with link_down when there is no link, timed_out at `deadline`.
  virtual void store(const std::string &node, wire::store message, rope payload, time_point deadline,
                     answered<wire::stored> then) = 0;
  virtual void seal(const std::string &node, wire::seal message, time_point deadline, answered<wire::sealed> then) = 0;
  virtual void fetch(const std::string &node, wire::fetch message, time_point deadline,
                     answered<wire::fetched> then) = 0;
  /// Fragments of one split set.
  virtual void fetch_set(const std::string &node, wire::fetch_set message, time_point deadline,
                         answered<wire::set_fetched> then) = 0;
  virtual void list_entries(const std::string &node, wire::list_entries message, time_point deadline,
                            answered<wire::entries> then) = 0;
  virtual void describe_segment(const std::string &node, wire::describe_segment message, time_point deadline,
                                answered<wire::segment_state> then) = 0;
  virtual void release(const std::string &node, wire::release message) = 0;
};

} // namespace outsize::host
