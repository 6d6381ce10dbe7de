// What every kind of plugin has to keep, in whichever suite: fails the case that runs.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/abi/module.h>

namespace outsize::suite {

/// Reverse-DNS id, name, vendor, licence, version.
void check_identity(const outsize_module &module);

/// Documented; each parameter too, once, and with a default that its own declaration takes.
void check_declaration(const outsize_component &component);

} // namespace outsize::suite
