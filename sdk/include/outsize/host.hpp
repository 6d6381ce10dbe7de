// The host's services, for use inside of a plugin. Lives as long as the instance that was given it.
//
// Thread rule: [any].
#pragma once

#include <outsize/abi/host.h>
#include <outsize/time.hpp>

#include <string>

namespace outsize {

class host_services {
public:
  explicit host_services(const outsize_host *table) : table_(table) {}

  void log(std::uint32_t level, const char *component, const std::string &text) const {
    table_->log(table_->context, level, component, text.c_str());
  }
  [[nodiscard]] time_point now() const { return time_from_abi(table_->now_ns(table_->context)); }
  [[nodiscard]] std::uint64_t random() const { return table_->random(table_->context); }

  /// Null when this host has no such service.
  template <class Service> [[nodiscard]] const Service *service(const char *id) const {
    return OUTSIZE_HAS(table_, get_service) ? static_cast<const Service *>(table_->get_service(table_->context, id))
                                            : nullptr;
  }
  [[nodiscard]] const outsize_host *table() const { return table_; }

private:
  const outsize_host *table_;
};

} // namespace outsize
