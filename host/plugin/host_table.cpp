#include "host_table.hpp"

#include <utility>

namespace outsize::host {
namespace {

host_table &self_of(void *context) {
  return *static_cast<host_table *>(context);
}

} // namespace

host_table::host_table(sources from) : from_(std::move(from)) {
  table_.struct_size = sizeof table_;
  table_.abi_minor = OUTSIZE_ABI_MINOR;
  table_.context = this;
  table_.log = &host_table::log;
  table_.now_ns = &host_table::now_ns;
  table_.random = &host_table::random;
  table_.get_service = &host_table::get_service;
}

void host_table::offer(const std::string &id, const void *service) {
  services_[id] = service;
}

void host_table::log(void *context, std::uint32_t level, const char *component, const char *text) {
  self_of(context).from_.log(level, component == nullptr ? "plugin" : component, text == nullptr ? "" : text);
}

std::uint64_t host_table::now_ns(void *context) {
  return to_abi(self_of(context).from_.now());
}

std::uint64_t host_table::random(void *context) {
  return self_of(context).from_.random();
}

const void *host_table::get_service(void *context, const char *id) {
  if (id == nullptr) {
    return nullptr;
  }
  const auto &services = self_of(context).services_;
  const auto found = services.find(std::string_view(id));
  return found == services.end() ? nullptr : found->second;
}

} // namespace outsize::host
