// The shared suite for blob stores: rules B-01 to B-07 of <outsize/abi/blob_store.h> as Catch2 cases that run against
// the built plugin. A store takes part with one small file:
//
//   #include <outsize/suite/blob_suite.hpp>
//   OUTSIZE_BLOB_SUITE([] {
//     outsize::suite::blob_store_factory attic;
//     attic.name = "attic";
//     attic.module_path = ATTIC_PLUGIN; // the .so, as users get it
//     attic.fresh_place = [] {
//       const auto box = std::make_shared<temporary_box>();
//       return outsize::suite::blob_place{{{"box", box->name()}}, box->name(), box};
//     };
//     return attic;
//   }())
//
// linked with outsize::blob-suite and Catch2's main. Cases are named "NAME: case" and tagged [blob-store].
//
// Thread rule: registration happens before main; cases run one at a time, some of them with threads of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace outsize::suite {

/// Somewhere for blobs, with none in it.
struct blob_place {
  std::vector<std::pair<std::string, std::string>> params; ///< that open it, as an operator would write them
  std::string named_in_errors; ///< by what the text of an error must name it: a directory, a bucket
  std::shared_ptr<void> kept;  ///< lives as long as the place is used; its end may clear the place away
};

struct blob_store_factory {
  std::string name;        ///< first word of every case name
  std::string module_path; ///< loaded with dlopen the way a host does it, never unloaded
  std::string component;   ///< config name of the store inside the module; empty: the first one

  /// Called once or more for each case. Several instances of one place are open at once in some.
  std::function<blob_place()> fresh_place;
  /// Values that create must refuse, each tried alone beside a fresh place's.
  std::vector<std::pair<std::string, std::string>> bad_params;
};

/// Registers every case for `factory`. Returns true, so that it can initialise a static.
bool register_blob_suite(const blob_store_factory &factory);

} // namespace outsize::suite

#define OUTSIZE_BLOB_SUITE(...)                                                                                        \
  static const bool outsize_blob_suite_registered = ::outsize::suite::register_blob_suite(__VA_ARGS__)
