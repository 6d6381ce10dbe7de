#include "transports.hpp"

#include "await.hpp"
#include "programs.hpp"

#include <outsize/suite/loaded_module.hpp>

#include <set>
#include <utility>

namespace outsize::test {

namespace {

template <class T> T value_of(result<T> from) {
  if (!from) {
    FAIL(from.error().text);
  }
  return std::move(from).value();
}

std::string plugin_file(const std::string &address) {
  return std::string(plugin_folder) + "/outsize-" + address.substr(0, address.find_first_of("+:")) + ".so";
}

std::unique_ptr<transport_handle> open_transport(const std::string &file, const outsize_host *host,
                                                 std::uint64_t message_limit_bytes) {
  const outsize_module *module = value_of(suite::load_module(file));
  const outsize_component *component = suite::find_component(*module, OUTSIZE_TRANSPORT_KIND, "");
  REQUIRE(component != nullptr);
  const suite::param_set params = value_of(suite::param_set::make(*component, {}));
  transport_handle::options how;
  how.host = host;
  how.params = params.values();
  how.message_bytes_max = message_limit_bytes;
  how.memory_bytes_max = 2 * message_limit_bytes;
  return value_of(transport_handle::open(static_cast<const outsize_transport_api *>(component->api), how));
}

} // namespace

std::vector<std::unique_ptr<transport_handle>> open_transports(const std::vector<std::string> &addresses,
                                                               const outsize_host *host,
                                                               std::uint64_t message_limit_bytes) {
  std::set<std::string> files;
  for (const std::string &address : addresses) {
    files.insert(plugin_file(address));
  }
  std::vector<std::unique_ptr<transport_handle>> made;
  for (const std::string &file : files) {
    made.push_back(open_transport(file, host, message_limit_bytes));
  }
  return made;
}

} // namespace outsize::test
