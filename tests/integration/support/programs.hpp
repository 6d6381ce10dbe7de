// What this build made, as a user finds it. The paths come from CMakeLists.txt.
//
// Thread rule: constants.
#pragma once

namespace outsize::test {

inline constexpr const char *outsized_program = OUTSIZED_PROGRAM;
inline constexpr const char *outsize_program = OUTSIZE_PROGRAM;
inline constexpr const char *plugin_folder = OUTSIZE_PLUGIN_FOLDER;

} // namespace outsize::test
