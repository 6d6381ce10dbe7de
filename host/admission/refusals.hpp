// The refusals of admission: every field of the refusal shape filled in, text that names the sizes a client can act on.
//
// Thread rule: pure functions.
#pragma once

#include "host/admission/admission.hpp"

#include <string>
#include <vector>

namespace outsize::host {

/// What every refusal of this record at admission has in common.
wire::refusal refusal_of(const record_facts &record, const log_limits &limits, code why, std::string text);

/// The record needs a larger message than the log takes, and no policy took it: `trace` says which ones were asked.
wire::refusal too_large_refusal(const record_facts &record, const log_limits &limits,
                                const std::vector<wire::policy_step> &trace);

/// Key and headers together, `actual` bytes, are over `limit` bytes, which is `source`'s.
wire::refusal header_refusal(const record_facts &record, const log_limits &limits, std::uint64_t actual,
                             std::uint64_t limit, const std::string &source);

/// A reject policy said no, behind those of `trace` that declined.
wire::refusal rejected_refusal(const record_facts &record, const log_limits &limits, const std::string &policy,
                               const std::string &reason, const std::vector<wire::policy_step> &trace);

/// A policy broke its contract; `what` says how.
wire::refusal misbehaved_refusal(const record_facts &record, const log_limits &limits, const std::string &policy,
                                 const std::string &what);

} // namespace outsize::host
