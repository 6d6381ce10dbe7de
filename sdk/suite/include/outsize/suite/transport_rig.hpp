// The fixture of the transport suite: instances of the transport under test, and verbs to make them meet, talk and end.
// Driven by real time with deadlines: it waits on the instances' event descriptors and never sleeps.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/suite/contract_checker.hpp>
#include <outsize/suite/patience.hpp>
#include <outsize/suite/test_host.hpp>
#include <outsize/suite/transport_suite.hpp>
#include <outsize/transport_handle.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::suite {

using message = std::vector<buffer>;
using param_texts = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::uint32_t budget_default = 64;

/// What differs from the suite's usual instance.
struct node_options {
  std::uint64_t message_bytes_max = 1U << 20U;
  std::uint64_t memory_bytes_max = 8U << 20U;
  param_texts params; ///< on top of the factory's
};

/// What an instance said about one link.
struct link_record {
  [[nodiscard]] bool up() const { return risen && !down; }

  bool risen = false;
  std::string peer;
  std::uint64_t up_token = 0;
  std::vector<message> messages;
  std::vector<transport_event> completions;
  std::size_t writables = 0;
  std::optional<transport_event> oversize;
  std::optional<transport_event> down;
};

/// One instance and everything it said.
class node {
public:
  node(const transport_factory &factory, const outsize_host *host, const node_options &options);

  /// Sends references to `parts`; the caller keeps its own. The answer is the transport's, unchecked.
  result<transport_handle::sent> send(outsize_link link, const message &parts, std::uint64_t token);
  /// Sends and requires that it was taken. Returns the token.
  std::uint64_t post(outsize_link link, const message &parts);
  /// A token that was not used yet.
  std::uint64_t next_token() { return ++token_; }

  result<std::string> listen(const std::string &address) { return handle_->listen(address); }
  result<outsize_link> dial(const std::string &address);

  /// One poll. Returns when the instance wants to run next.
  time_point poll(std::uint32_t budget = budget_default);
  /// True when the event descriptor is readable now; false also for an instance without one.
  bool readable();

  transport_handle &handle() { return *handle_; }
  [[nodiscard]] contract_checker &checker() { return checker_; }
  outsize_link_stats stats(outsize_link link);
  [[nodiscard]] std::uint64_t limit() const { return options_.message_bytes_max; }
  [[nodiscard]] std::uint64_t memory_bytes_max() const { return options_.memory_bytes_max; }

  /// A node on hold is not polled by the rig: its host is busy or stuck.
  void hold(bool on) { held_ = on; }
  [[nodiscard]] bool held() const { return held_; }

  /// What was said about one link so far; an unknown link has an empty record.
  link_record &at(outsize_link link) { return records_[link]; }
  /// Links in the order they came up.
  [[nodiscard]] const std::vector<outsize_link> &ups() const { return ups_; }
  /// Everything in order; the parts of messages are in the records.
  [[nodiscard]] const std::vector<transport_event> &events() const { return events_; }
  [[nodiscard]] std::size_t count(transport_event::kind kind) const;

  std::function<void(transport_event &)> on_event; ///< called for each event, from inside poll, before it is recorded

private:
  void take(transport_event &&event);
  node_options options_;
  contract_checker checker_;
  std::unique_ptr<transport_handle> handle_;
  std::map<outsize_link, link_record> records_;
  std::vector<outsize_link> ups_;
  std::vector<transport_event> events_;
  std::uint64_t token_ = 0;
  bool held_ = false;
};

struct link_pair {
  outsize_link near = 0; ///< the number at the node that dialled
  outsize_link far = 0;  ///< the number at the node that listened
};

/// A world of its own: a host, and the nodes of one case. Its end checks that no node broke a rule on the way.
class transport_rig {
public:
  explicit transport_rig(const transport_factory &factory) : factory_(factory) {}
  ~transport_rig();
  transport_rig(const transport_rig &) = delete;
  transport_rig &operator=(const transport_rig &) = delete;

  node &make(const node_options &options = {});
  /// Destroys the instance, finished or not, as a host that dies would.
  void destroy(node &gone);
  /// Listens on an address of its own; returns the address bound.
  std::string listen(node &at);
  /// Opens one more link from `from` to `to`, which listens at `address`.
  link_pair marry(node &from, node &to, const std::string &address);
  /// Listens and opens the first link.
  link_pair marry(node &from, node &to) { return marry(from, to, listen(to)); }

  /// Polls all nodes, waiting on their descriptors, until `done` or `patience` is over. Returns done().
  bool run_until(const std::function<bool()> &done, std::uint32_t budget = budget_default);
  /// Runs until no node has anything left to do.
  bool settle();
  /// Sends one message and runs until it has come. Returns what came.
  message pass(node &from, outsize_link near, node &to, outsize_link far, const message &sent);
  /// Sends `count` messages made by `make`, waiting for room where it has to. Requires that each is taken.
  void stream(node &from, outsize_link link, std::size_t count, const std::function<message(std::size_t)> &make);

  test_host &host() { return host_; }
  const transport_factory &factory() { return factory_; }

private:
  std::size_t poll_all(std::uint32_t budget, time_point &next);
  void wait(time_point until);

  const transport_factory &factory_;
  test_host host_;
  std::vector<std::unique_ptr<node>> nodes_;
  unsigned numbers_ = 0;
};

/// The usual case: two nodes and a link between them.
struct couple {
  explicit couple(const transport_factory &factory, const node_options &near_options = {},
                  const node_options &far_options = {});
  message pass(const message &sent) { return rig.pass(near, link.near, far, link.far, sent); }
  message pass_back(const message &sent) { return rig.pass(far, link.far, near, link.near, sent); }
  /// The most bytes that may be under way when the far node is on hold.
  std::uint64_t under_way_max();
  /// Sends from the near node, without polling, until the answer is busy; requires that it comes within under_way_max.
  /// Returns the bytes taken.
  std::uint64_t send_until_busy(const message &one);

  transport_rig rig;
  node &near; ///< dialled
  node &far;  ///< listened
  std::string address;
  link_pair link;
};

// ---- messages

/// `size` bytes made from `seed`.
std::vector<std::uint8_t> noise(std::uint64_t size, std::uint64_t seed);
/// A message of one part with that many bytes.
message message_of(std::uint64_t size, std::uint64_t seed = 1);
/// A message with parts of those sizes.
message parts_of(const std::vector<std::uint64_t> &sizes, std::uint64_t seed = 1);
std::uint64_t size_of(const message &parts);
/// Same parts, same bytes.
bool same(const message &left, const message &right);

} // namespace outsize::suite
