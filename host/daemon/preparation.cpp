#include "preparation.hpp"

#include <outsize/abi/blob_store.h>
#include <outsize/abi/size_policy.h>
#include <outsize/abi/transport.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace outsize::host {
namespace {

constexpr std::string_view in_memory_scheme = "inmemory";

std::vector<written_param> as_written(const std::vector<raw_param> &params) {
  std::vector<written_param> made;
  for (const raw_param &param : params) {
    made.push_back({param.name, param.value, param.where.text()});
  }
  return made;
}

/// Parameter errors begin with their place; in a problem it has its own position.
problem param_problem(const error &why, const std::string &file) {
  problem made = to_problem(why);
  const std::size_t end = made.text.find(": ");
  if (made.text.starts_with(file + ":") && end != std::string::npos) {
    made.place = made.text.substr(0, end);
    made.text = made.text.substr(end + 2);
  }
  return made;
}

/// Loads and checks what one section asks for; problems go into `into`.
prepared_component prepare(preparation &into, const config &from, std::string_view kind,
                           const setting<std::string> &plugin, const std::vector<raw_param> &params,
                           const place &section) {
  prepared_component made;
  result<const component_info *> found = into.modules.find(kind, plugin.value);
  if (!found) {
    problem why = to_problem(found.error());
    why.place = plugin.where.text();
    into.problems.push_back(std::move(why));
    return made;
  }
  const std::vector<written_param> written = as_written(params);
  result<param_values> values = check_params(**found, {written, from.folder, section.text()});
  if (!values) {
    into.problems.push_back(param_problem(values.error(), from.file));
    return made;
  }
  made.component = *found;
  made.params = std::move(*values);
  into.warnings.insert(into.warnings.end(), made.params.warnings().begin(), made.params.warnings().end());
  return made;
}

void check_listen(preparation &into, const transport_config &transport, const component_info *component) {
  const setting<std::string> &listen = transport.listen;
  if (component == nullptr || listen.value.empty() || serves(*component, listen.value)) {
    return;
  }
  into.problems.push_back(
      {code::bad_config,
       fmt::format("transport \"{}\" does not serve the scheme of its listen address", transport.plugin.value),
       fmt::format("\"{}\"", listen.value), listen.where.text(),
       fmt::format("it serves {}", fmt::join(component->schemes, ", ")),
       fmt::format("write {}://…, or name another plugin",
                   component->schemes.empty() ? "" : component->schemes.front())});
}

void check_peer(preparation &into, const peer_config &peer) {
  std::vector<std::string> served;
  for (const prepared_component &transport : into.transports) {
    if (transport.component == nullptr || serves(*transport.component, peer.address.value)) {
      return; // served, or one that failed might serve it
    }
    served.insert(served.end(), transport.component->schemes.begin(), transport.component->schemes.end());
  }
  into.problems.push_back({code::bad_config,
                           fmt::format("no transport serves the address of peer \"{}\"", peer.name.value),
                           fmt::format("\"{}\"", peer.address.value), peer.address.where.text(),
                           fmt::format("served are {}", fmt::join(served, ", ")),
                           "add a [[transport]] that serves it, or correct the address"});
}

bool reaches_itself_in_memory(const preparation &with) {
  return std::ranges::any_of(with.transports, [](const prepared_component &transport) {
    return std::ranges::find(transport.component->schemes, in_memory_scheme) != transport.component->schemes.end();
  });
}

} // namespace

std::string_view scheme_of(std::string_view address) {
  return address.substr(0, address.find("://"));
}

bool serves(const component_info &transport, std::string_view address) {
  return std::ranges::find(transport.schemes, scheme_of(address)) != transport.schemes.end();
}

std::vector<std::filesystem::path> plugin_folders_of_program() {
  std::error_code why;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", why);
  if (why) {
    return {};
  }
  const std::filesystem::path built = program.parent_path().parent_path() / "lib" / "outsize";
  std::vector<std::filesystem::path> made = {built, built / "plugins"};
  std::erase_if(made,
                [&why](const std::filesystem::path &folder) { return !std::filesystem::is_directory(folder, why); });
  return made.empty() ? std::vector{built} : made;
}

registry::options plugin_options(const config &from) {
  registry::options made;
  for (const std::string &folder : from.plugins.search_path.value) {
    made.search_path.emplace_back(folder);
  }
  if (made.search_path.empty()) {
    made.search_path = plugin_folders_of_program();
  }
  for (const auto &[id, digest] : from.plugins.sha256) {
    made.sha256_by_id.emplace(id, digest.value);
  }
  return made;
}

preparation::preparation(const config &from) : modules(plugin_options(from)) {
  for (const transport_config &transport : from.transports) {
    transports.push_back(
        prepare(*this, from, OUTSIZE_TRANSPORT_KIND, transport.plugin, transport.params, transport.where));
    check_listen(*this, transport, transports.back().component);
  }
  for (const size_policy_config &policy : from.size_policies) {
    size_policies.push_back(prepare(*this, from, OUTSIZE_SIZE_POLICY_KIND, policy.plugin, policy.params, policy.where));
  }
  for (const blob_store_config &store : from.blob_stores) {
    blob_stores.push_back(prepare(*this, from, OUTSIZE_BLOB_STORE_KIND, store.plugin, store.params, store.where));
  }
  for (const peer_config &peer : from.peers) {
    check_peer(*this, peer);
  }
}

std::vector<std::string> listen_addresses(const config &from, const preparation &with) {
  std::vector<std::string> made;
  for (const transport_config &transport : from.transports) {
    if (!transport.listen.value.empty()) {
      made.push_back(transport.listen.value);
    }
  }
  const std::string in_memory = fmt::format("{}://{}", in_memory_scheme, from.node.name.value);
  if (reaches_itself_in_memory(with) && std::ranges::find(made, in_memory) == made.end()) {
    made.push_back(in_memory);
  }
  return made;
}

std::string address_of(const config &from, const preparation &with, const peer_config &peer) {
  const bool is_self = peer.name.value == from.node.name.value;
  return is_self && reaches_itself_in_memory(with) ? fmt::format("{}://{}", in_memory_scheme, peer.name.value)
                                                   : peer.address.value;
}

} // namespace outsize::host
