// A blob service over the blob-file plugin, loaded from disk as the daemon loads it.
//
// Thread rule: one thread.
#pragma once

#include "host/blob/blob_service.hpp"
#include "host/daemon/runtime.hpp"
#include "host/plugin/open.hpp"
#include "host/plugin/registry.hpp"

#include <memory>
#include <string>
#include <vector>

namespace outsize::test {

class file_service {
public:
  /// `plugins` is the folder of the plugin. Throws where it cannot be loaded or does not open.
  file_service(const std::string &plugins, const std::string &directory, const std::string &reserve,
               host::blob_service_options how = {})
      : runtime_([](int, const std::string &) {}), modules_({.search_path = {plugins}, .sha256_by_id = {}}) {
    const std::vector<host::written_param> written = {{"directory", directory, ""}, {"reserve", reserve, ""}};
    component_ = modules_.find(OUTSIZE_BLOB_STORE_KIND, "blob-file").value();
    params_ = host::check_params(*component_, {written, "/", ""}).value();
    std::vector<host::blob_source> stores(1);
    stores.front().name = "archive";
    stores.front().open = [this] { return host::open_blob_store(*component_, params_, runtime_.table()); };
    stores.front().opened = stores.front().open().value();
    how.now = &steady_now;
    how.log = [this](int, const std::string &line) { lines.push_back(line); };
    service = host::blob_service::start(std::move(stores), std::move(how)).value();
  }

  std::vector<std::string> lines;

private:
  host::runtime runtime_;
  host::registry modules_;
  const host::component_info *component_ = nullptr;
  host::param_values params_;

public:
  std::unique_ptr<host::blob_service> service; ///< last: ends before what it uses
};

} // namespace outsize::test
