// Walks the blobs in the order of their keys. Holds the names of the folders on the way down, and never more than one
// of them open.
//
// Thread rule: one thread per object; any number of objects at once, beside puts and removals.
#pragma once

#include "descriptor.hpp"
#include "folder_tree.hpp"
#include "place.hpp"

#include <outsize/blob_store.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace outsize::blob_file {

class listing {
public:
  /// Everything is borrowed as long as this lives. `go_on` is asked between steps.
  listing(const place &in, const folder_tree &tree, std::string_view prefix, const blob_store::on_key &tell,
          const std::function<result<void>()> &go_on)
      : place_(in), tree_(tree), prefix_(prefix), tell_(tell), go_on_(go_on) {}

  /// A folder or blob that disappears meanwhile is passed over.
  result<void> run() { return walk({}, {}); }

private:
  struct step {
    std::string sorts_by; ///< the last part of the key; with '/' for a folder, which is how its keys go on
    std::string name;
    bool is_folder;
  };
  /// Everything in the folder; `above` is its key with '/' at the end, empty for the root.
  result<void> walk(const std::vector<std::string> &folders, const std::string &above);
  result<std::vector<step>> steps_in(const descriptor &folder, const std::string &above) const;
  result<void> tell_one(const descriptor &folder, const std::string &name, const std::string &key);
  [[nodiscard]] bool may_hold(const std::string &folder_key) const;

  const place &place_;
  const folder_tree &tree_;
  std::string_view prefix_;
  const blob_store::on_key &tell_;
  const std::function<result<void>()> &go_on_;
  bool stopped_ = false;
};

} // namespace outsize::blob_file
