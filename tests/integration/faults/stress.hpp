// A cluster under load, and the verdict at its end.
//
// Thread rule: the test's thread.
#pragma once

#include "integration/support/cluster_case.hpp"
#include "journal.hpp"
#include "load.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace outsize::faults {

inline constexpr duration patience = test::patience;

class stress {
public:
  /// Three nodes that take appends; `log_server` as in test::node_options.
  explicit stress(test::cluster_kind kind, const std::string &log_server = {});
  /// The same, with `configure` called before they start.
  stress(test::cluster_kind kind, const std::function<void(test::cluster &)> &configure);

  /// Begins the load: through these nodes, or all of them. The rest as in load_options.
  void begin_load(std::uint64_t seed, const std::vector<std::string> &through = {"n1", "n2", "n3"}, duration pause = {},
                  std::uint64_t largest_bytes = load_options{}.largest_bytes);
  /// With everything acknowledged that was sent; fails the test for an append that was refused for good.
  void end_load();
  /// `count` more appends are acknowledged, or the test fails.
  void await_acknowledged(std::size_t count);
  void await_refused(const std::string &code, std::size_t count);

  void kill(const std::vector<std::string> &names);
  /// Reads on from where this node's reader is, to the log's tail; the journal judges.
  void read_on(const std::string &node);

  /// Ends the load, with everything acknowledged; reads the whole log from every node; waits until all servers hold the
  /// same. Fails the test for every promise that was not kept.
  void settle();
  /// Until every server holds every entry of every segment; no offset has two values.
  void await_same_copies();

  test::cluster nodes;
  journal written;
  std::optional<load> running;

private:
  [[nodiscard]] std::vector<std::string> addresses(const std::vector<std::string> &names) const;
  std::map<std::string, offset_t> read_to_;
};

} // namespace outsize::faults
