#include "session.hpp"

#include "host/cli/interrupt.hpp"
#include "host/plugin/open.hpp"

#include <outsize/abi/host.h>
#include <outsize/abi/transport.h>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

namespace outsize::host {
namespace {

constexpr std::string_view default_address = "tcp://127.0.0.1:7101";
constexpr std::uint64_t message_limit_bytes = 32 * wire::mib;
constexpr transport_limits limits{message_limit_bytes, 2 * message_limit_bytes};
constexpr duration connect_timeout_max = std::chrono::seconds(5);

void log_warnings(int level, const std::string &line) {
  if (level >= static_cast<int>(OUTSIZE_LOG_WARN)) {
    std::fputs(fmt::format("warning: {}\n", line).c_str(), stderr);
  }
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> made;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(',', from), text.size());
    if (end > from) {
      made.emplace_back(text.substr(from, end - from));
    }
    from = end + 1;
  }
  return made;
}

/// "zeromq" of "zeromq+tcp://…".
std::string plugin_of(std::string_view address) {
  const std::string_view scheme = scheme_of(address);
  return std::string(scheme.substr(0, scheme.find('+')));
}

bool is_address(std::string_view text) {
  const std::size_t colon = text.find("://");
  return colon != std::string_view::npos && colon != 0 && colon + 3 < text.size();
}

std::variant<node_addresses, problem> checked(node_addresses where) {
  for (const std::string &address : where.list) {
    if (!is_address(address)) {
      return problem{code::invalid_argument,
                     fmt::format("\"{}\" is not an address", address),
                     "",
                     where.source,
                     "",
                     "write scheme://where, for instance tcp://127.0.0.1:7101"};
    }
  }
  return where;
}

std::variant<config, problem> read_config(const std::string &file) {
  config_reading reading = read_config_file(file);
  if (!reading.problems.empty()) {
    return std::move(reading.problems.front());
  }
  return std::move(reading.value);
}

} // namespace

std::variant<node_addresses, problem> addresses_of(const common_options &options) {
  if (!options.connect.empty()) {
    return checked({options.connect, "--connect"});
  }
  if (!options.config_file.empty()) {
    std::variant<config, problem> read = read_config(options.config_file);
    if (const problem *why = std::get_if<problem>(&read); why != nullptr) {
      return *why;
    }
    node_addresses peers{{}, options.config_file};
    for (const peer_config &peer : std::get<config>(read).peers) {
      peers.list.push_back(peer.address.value);
    }
    return peers;
  }
  const char *const environment = std::getenv("OUTSIZE_CONNECT");
  std::vector<std::string> written = split(environment == nullptr ? "" : environment);
  return written.empty() ? node_addresses{{std::string(default_address)}, "the default address"}
                         : checked({std::move(written), "OUTSIZE_CONNECT"});
}

std::variant<registry::options, problem> plugin_options_of(const common_options &options) {
  registry::options made;
  if (!options.config_file.empty()) {
    std::variant<config, problem> read = read_config(options.config_file);
    if (const problem *why = std::get_if<problem>(&read); why != nullptr) {
      return *why;
    }
    made = plugin_options(std::get<config>(read));
  }
  if (!options.plugin_path.empty()) {
    made.search_path.assign(options.plugin_path.begin(), options.plugin_path.end());
  }
  if (made.search_path.empty()) {
    made.search_path = plugin_folders_of_program();
  }
  return made;
}

session::session(node_addresses where) : where_(std::move(where)), runtime_(&log_warnings) {}

std::variant<std::unique_ptr<session>, problem> session::open(const common_options &options, node_addresses where) {
  std::unique_ptr<session> made(new session(std::move(where)));
  const std::vector<problem> problems =
      options.config_file.empty() ? made->open_by_scheme(options) : made->open_from_config(options.config_file);
  if (!problems.empty()) {
    return problems.front();
  }
  if (result<void> connected = made->connect(options); !connected) {
    return made->unreachable(connected.error());
  }
  return made;
}

/// A single command dials no further by itself, as the remedy of a lost link says.
problem session::unreachable(const error &why) const {
  problem made = outsize::host::to_problem(why);
  made.place = where_.source;
  if (why.retry() == retry_class::later || why.retry() == retry_class::reconnect) {
    made.remedy = "start the node, or correct the address";
  }
  return made;
}

std::vector<problem> session::open_from_config(const std::string &file) {
  config_reading reading = read_config_file(file);
  if (!reading.problems.empty()) {
    return std::move(reading.problems);
  }
  prepared_ = std::make_unique<preparation>(reading.value);
  for (std::size_t i = 0; i < prepared_->transports.size() && prepared_->problems.empty(); ++i) {
    const prepared_component &transport = prepared_->transports[i];
    result<std::unique_ptr<transport_handle>> opened =
        open_transport(*transport.component, transport.params, runtime_.table(), limits);
    if (!opened) {
      return {to_problem(opened.error())};
    }
    transports_.push_back(std::move(*opened));
  }
  return prepared_->problems;
}

std::vector<problem> session::open_by_scheme(const common_options &options) {
  modules_ = std::make_unique<registry>(std::get<registry::options>(plugin_options_of(options)));
  std::set<std::string> opened_plugins;
  for (const std::string &address : where_.list) {
    const std::string plugin = plugin_of(address);
    if (!opened_plugins.insert(plugin).second) {
      continue;
    }
    result<const component_info *> component = modules_->find(OUTSIZE_TRANSPORT_KIND, plugin);
    if (!component) {
      problem why = to_problem(component.error());
      why.value = address;
      why.place = where_.source;
      why.remedy = "correct the address's scheme; outsize plugin list shows what is there";
      return {why};
    }
    if (!serves(**component, address)) {
      return {{code::invalid_argument, fmt::format("plugin \"{}\" does not serve this address", plugin), address,
               where_.source, fmt::format("it serves {}", fmt::join((*component)->schemes, ", ")),
               "correct the address's scheme"}};
    }
    result<param_values> params = check_params(**component, {{}, "/", address});
    if (!params) {
      return {to_problem(params.error())};
    }
    result<std::unique_ptr<transport_handle>> opened = open_transport(**component, *params, runtime_.table(), limits);
    if (!opened) {
      return {to_problem(opened.error())};
    }
    transports_.push_back(std::move(*opened));
  }
  return {};
}

result<void> session::connect(const common_options &options) {
  client::client_options how;
  how.addresses = where_.list;
  how.name = "outsize";
  how.message_limit_bytes = message_limit_bytes;
  how.connect_timeout = std::min(options.timeout, connect_timeout_max);
  how.request_timeout = options.timeout;
  how.random = &random_bits;
  client_ = std::make_unique<client::blocking_client>(std::move(transports_), std::move(how),
                                                      [this] { return interrupted() && !ignores_interrupts_; });
  return client_->connect();
}

} // namespace outsize::host
