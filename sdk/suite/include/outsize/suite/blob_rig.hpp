// The fixture of the blob suite: a place for blobs, instances of the store under test, and verbs to put, read and list.
//
// Thread rule: the thread that runs the case; its instances may be used from any, through
// <outsize/suite/blob_verbs.hpp>.
#pragma once

#include <outsize/blob_store_handle.hpp>
#include <outsize/suite/blob_suite.hpp>
#include <outsize/suite/blob_verbs.hpp>
#include <outsize/suite/loaded_module.hpp>
#include <outsize/suite/test_host.hpp>

#include <memory>
#include <string>
#include <vector>

namespace outsize::suite {

/// The component of the factory's module, loaded. Fails the case when there is none.
const outsize_component &blob_component_of(const blob_store_factory &factory);

class blob_rig {
public:
  /// A fresh place with one instance open.
  explicit blob_rig(const blob_store_factory &factory);

  [[nodiscard]] blob_store_handle &store() { return *store_; }
  [[nodiscard]] const blob_place &place() const { return place_; }
  [[nodiscard]] test_host &host() { return host_; }

  /// One more instance of the same place.
  std::unique_ptr<blob_store_handle> open_another();
  /// Destroys the first instance; store() is for use again after open.
  void close() { store_.reset(); }
  void open() { store_ = open_another(); }

  /// Must succeed.
  void put(const std::string &key, const blob_bytes &bytes);
  blob_bytes read(const std::string &key);
  std::vector<std::string> keys(const std::string &prefix = {});
  /// Whether stat, get and list see it; they must agree.
  bool is_there(const std::string &key);

  /// The function table, for what the handle does not show; with it, what create is given.
  [[nodiscard]] const outsize_blob_store_api &api() const { return *api_; }
  [[nodiscard]] outsize_blob_store_open open_args() const;

private:
  blob_place place_;
  test_host host_;
  param_set params_;
  const outsize_blob_store_api *api_ = nullptr;
  std::unique_ptr<blob_store_handle> store_;
};

/// An instance without the C++ layer around it.
class raw_store {
public:
  explicit raw_store(const blob_rig &rig);
  raw_store(const raw_store &) = delete;
  raw_store &operator=(const raw_store &) = delete;
  ~raw_store() { api.destroy(self); }

  const outsize_blob_store_api &api;
  outsize_blob_store *self = nullptr;
};

/// Everything a case wants to know of an error but its text: that it has that code, and names key and place.
void check_blob_error(const error &why, code expected, const std::string &key, const blob_rig &rig);

} // namespace outsize::suite
