// A case that is made at run time, for Catch2 2 and 3.
//
// Thread rule: before main.
#pragma once

#include <functional>
#include <string>

namespace outsize::suite {

/// `run` lives as long as the process. `tags` as Catch2 writes them: "[transport]".
void register_case(const std::string &name, const std::string &tags, std::function<void()> run);

} // namespace outsize::suite
