// Makes records whose sizes lie where sizes matter: around every limit of the cluster, nothing at all, almost all
// header, far too large. Each has content unlike any other, so that it can be recognised wherever it turns up.
//
// Thread rule: one thread.
#pragma once

#include "sim/checker/history.hpp"
#include "sim/cluster/scenario.hpp"
#include "sim/random.hpp"

#include <outsize/client/client.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace outsize::sim {

class record_source {
public:
  record_source(const scenario &plan, std::string owner, random_source random);

  client::record make(const std::string &log, const wire::producer_fields &producer);
  /// A small one.
  client::record make_probe();
  /// What the checker wants to know of it.
  [[nodiscard]] static made_record describe(const std::string &log, const client::record &what);

private:
  [[nodiscard]] std::uint64_t draw_record_bytes();
  [[nodiscard]] std::uint64_t draw_large_bytes(const log_settings &log);
  void add_headers(wire::record_header &header);
  [[nodiscard]] rope payload_of(std::uint64_t bytes);

  const scenario &plan_;
  std::string owner_;
  std::vector<std::uint64_t> limits_;
  random_source random_;
  std::uint64_t made_ = 0;
};

} // namespace outsize::sim
