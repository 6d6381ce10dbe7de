#include "quotas.hpp"

namespace outsize::policies {

quotas::quotas(const param_view &params) {
  for (std::size_t i = 0; i < quota_params.size(); ++i) {
    bytes_max_[i] = params.bytes(quota_params[i].name);
  }
}

std::optional<plan_text> quotas::overrun(std::uint64_t payload_bytes, const recent_bytes &of_log,
                                         const recent_bytes &of_producer) const {
  const std::array<std::uint64_t, quota_params.size()> used = {of_log.minute, of_log.hour, of_producer.minute,
                                                               of_producer.hour};
  for (std::size_t i = 0; i < quota_params.size(); ++i) {
    const std::uint64_t left = used[i] < bytes_max_[i] ? bytes_max_[i] - used[i] : 0;
    if (bytes_max_[i] != 0 && payload_bytes > left) {
      plan_text why;
      why << "payload of " << payload_bytes << " bytes is over what is left of " << quota_params[i].name << " = "
          << bytes_max_[i] << ", of which " << used[i] << " are used";
      return why;
    }
  }
  return std::nullopt;
}

} // namespace outsize::policies
