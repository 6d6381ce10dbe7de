// What `outsized --check` prints when it found nothing wrong: the limits that result, and what would be loaded.
//
// Thread rule: pure functions; any thread.
#pragma once

#include "host/config/config.hpp"
#include "host/daemon/preparation.hpp"

#include <string>

namespace outsize::host {

/// Lines, each ended. Compared with an approved text by a test.
std::string check_report(const config &checked, const preparation &with);

} // namespace outsize::host
