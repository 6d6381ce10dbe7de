// What a node needs of its blob stores beyond reading and writing blobs: to drive them, to see that they are the right
// ones, to look at what is in them.
//
// Thread rule: the node's loop thread. Callbacks run inside run_completions or on_time, exactly once.
#pragma once

#include "host/blob/blob_calls.hpp"
#include "host/blob/blob_io.hpp"
#include "host/blob/blob_marker.hpp"

#include <outsize/result.hpp>
#include <outsize/time.hpp>
#include <outsize/wire/types.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace outsize::host {

/// What the metadata says of a store's marker.
struct marker_expectation {
  bool is_known = false; ///< the metadata has been heard from
  wire::cluster_id cluster{};
  std::optional<std::string> id; ///< none: nobody has recorded one yet
  bool operator==(const marker_expectation &) const = default;
};

/// For `outsize status`, and for whoever looks after the marker.
struct blob_store_facts {
  std::string name;
  std::uint32_t state = 0; ///< OUTSIZE_BLOB_STORE_*
  std::string reason;      ///< why it is not ready, in one line
  std::optional<std::uint64_t> free_bytes;
  std::optional<blob_marker> marker; ///< that it holds
  bool lacks_marker = false;         ///< it answers and has none, and the metadata knows of none
  std::uint64_t uploads = 0;         ///< under way
  std::uint64_t blobs_put = 0;       ///< since the start
  std::uint64_t bytes_put = 0;
  std::uint64_t gets = 0;
  std::uint64_t bytes_got = 0;
  std::map<std::string, std::uint64_t> failures; ///< calls that failed, by error code name
};

class blob_stores : public blob_io {
public:
  // ---- the loop
  /// Hands out what has been finished; returns how much.
  virtual std::size_t run_completions() = 0;
  virtual void on_time(time_point now) = 0;
  [[nodiscard]] virtual time_point next_time() const = 0;
  /// Readable when run_completions has something to do.
  [[nodiscard]] virtual int event_fd() const = 0;

  // ---- whose they are
  /// In the order of the configuration.
  [[nodiscard]] virtual std::vector<blob_store_facts> facts() const = 0;
  /// Grows whenever a state or a marker in `facts` has changed.
  [[nodiscard]] virtual std::uint64_t revision() const = 0;
  virtual void expect(const std::string &store, const marker_expectation &what) = 0;
  /// Puts a marker where there is none, and looks again. Of several nodes at once the first wins, and that is no error.
  virtual void write_marker(const std::string &store, const blob_marker &marker,
                            std::function<void(result<void>)> then) = 0;

  // ---- what is in them
  /// Blobs with that prefix behind the key `after`, at most `count_max` of them.
  virtual void list(const std::string &store, const std::string &prefix, const std::string &after,
                    std::uint32_t count_max, time_point deadline, std::function<void(result<blob_page>)> then) = 0;
};

} // namespace outsize::host
