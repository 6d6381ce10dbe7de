// Ctrl-C: the first one asks the command to end and say what was acknowledged, the second one ends it.
//
// Thread rule: any thread may ask.
#pragma once

namespace outsize::host {

/// SIGINT and SIGTERM from now on only set the mark below; SIGPIPE is ignored.
void catch_interrupts();

[[nodiscard]] bool interrupted();

} // namespace outsize::host
