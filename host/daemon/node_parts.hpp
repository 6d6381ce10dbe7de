// Builds the options of a node from its configuration and its prepared plugins.
//
// Thread rule: one thread.
#pragma once

#include "host/blob/served_store.hpp"
#include "host/config/config.hpp"
#include "host/daemon/preparation.hpp"
#include "host/node/node.hpp"

#include <outsize/result.hpp>

#include <vector>

namespace outsize::host {

/// Everything that follows from the file: names, limits, peers, logs, sequencer. Instances, stores, callbacks are not
/// filled in.
node_options options_from(const config &from, const preparation &with);

/// Opens transports and size policies and puts them into `into`. Error: the plugin's, naming the section.
result<void> open_plugins(const config &from, const preparation &with, const outsize_host *host, node_options &into);

/// Opens the blob stores. One that cannot be reached now is left to be opened later; any other error is the plugin's,
/// naming the section. `with` and `host` outlive what is returned.
result<std::vector<blob_source>> open_blob_stores(const config &from, const preparation &with,
                                                  const outsize_host *host);

} // namespace outsize::host
