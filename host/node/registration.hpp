// How a node becomes part of its cluster: learns the cluster's id, checks that its budgets hold what its logs hold,
// takes the next generation of its name, and watches that nobody takes a newer one.
//
// Thread rule: the node's loop thread.
#pragma once

#include "host/node/context.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace outsize::host {

class registration {
public:
  registration(node_context &node, std::function<void()> on_registered);
  ~registration();
  registration(const registration &) = delete;
  registration &operator=(const registration &) = delete;

  /// `addresses`: where the node listens.
  void set_addresses(std::vector<std::string> addresses) { addresses_ = std::move(addresses); }
  void on_view_changed();
  void on_time();
  [[nodiscard]] time_point next_time() const { return retry_at_; }

private:
  [[nodiscard]] result<void> learn_cluster();
  [[nodiscard]] result<void> check_budgets() const;
  void take_generation();
  void watch() const;

  node_context &node_;
  std::function<void()> on_registered_;
  std::vector<std::string> addresses_;
  bool asking_ = false;
  time_point retry_at_ = never;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace outsize::host
