// A directory of a blob-file store and what a test looks at in it, with the parts that are its own business.
//
// Thread rule: one thread.
#pragma once

#include <outsize/suite/blob_rig.hpp>
#include <support/temp_dir.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace outsize::blob_file::test {

using texts = std::vector<std::pair<std::string, std::string>>;

/// A place whose directory does not exist yet, nor the one above it. Small disks are no hindrance: no reserve.
inline suite::blob_place fresh_place(texts more = {}) {
  auto folder = std::make_shared<outsize::test::temp_dir>();
  suite::blob_place made{{{"directory", *folder / "data/blobs"}, {"reserve", "0B"}, {"leftover-age", "0s"}},
                         *folder / "data/blobs",
                         folder};
  made.params.insert(made.params.end(), more.begin(), more.end());
  return made;
}

inline suite::blob_store_factory factory(texts more = {}) {
  suite::blob_store_factory made;
  made.name = "blob-file";
  made.module_path = BLOB_FILE_PLUGIN;
  made.fresh_place = [more] { return fresh_place(more); };
  return made;
}

/// A store at `place`, or why there is none.
inline result<std::unique_ptr<blob_store_handle>> open_at(const suite::blob_place &place,
                                                          const suite::test_host &host) {
  const outsize_component &component = suite::blob_component_of(factory());
  const result<suite::param_set> params = suite::param_set::make(component, place.params);
  if (!params) {
    return params.error();
  }
  return blob_store_handle::open(static_cast<const outsize_blob_store_api *>(component.api),
                                 {host.table(), params->values()});
}

/// Names in the folder, sorted.
inline std::vector<std::string> names_in(const std::filesystem::path &folder) {
  std::vector<std::string> names;
  for (const auto &found : std::filesystem::directory_iterator(folder)) {
    names.push_back(found.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace outsize::blob_file::test
