#include "listing.hpp"

#include "blob_facts.hpp"
#include "file_error.hpp"
#include "folder_names.hpp"
#include "key_path.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace outsize::blob_file {
namespace {

/// Gone, or not a folder of this store.
bool is_passed_over(int number) {
  return number == ENOENT || number == ENOTDIR || number == ELOOP;
}

} // namespace

result<void> listing::walk(const std::vector<std::string> &folders, const std::string &above) {
  descriptor folder = tree_.open(folders);
  if (!folder.is_open()) {
    return is_passed_over(errno) ? result<void>() : file_error(during::reading, errno, place_.subject(above));
  }
  const result<std::vector<step>> steps = steps_in(folder, above);
  if (!steps) {
    return steps.error();
  }
  for (const step &next : *steps) {
    if (result<void> on = go_on_(); stopped_ || !on) {
      return on;
    }
    if (next.is_folder) {
      folder = descriptor(); // depth must not cost descriptors
      std::vector<std::string> below = folders;
      below.push_back(next.name);
      if (result<void> walked = walk(below, above + next.sorts_by); !walked) {
        return walked;
      }
      continue;
    }
    if (!folder.is_open()) {
      folder = tree_.open(folders);
    }
    if (result<void> told = tell_one(folder, next.name, above + next.sorts_by); !told) {
      return told;
    }
  }
  return {};
}

result<std::vector<listing::step>> listing::steps_in(const descriptor &folder, const std::string &above) const {
  std::optional<std::vector<std::string>> names = names_in(folder.get());
  if (!names) {
    return file_error(during::reading, errno, place_.subject(above));
  }
  std::vector<step> steps;
  for (std::string &name : *names) {
    if (std::optional<std::string> part = key_part_of_file(name)) {
      if ((above + *part).starts_with(prefix_)) {
        steps.push_back({*std::move(part), std::move(name), false});
      }
    } else if (is_key_part(name) && may_hold(above + name + "/")) {
      steps.push_back({name + "/", std::move(name), true});
    }
  }
  std::sort(steps.begin(), steps.end(), [](const step &a, const step &b) { return a.sorts_by < b.sorts_by; });
  return steps;
}

result<void> listing::tell_one(const descriptor &folder, const std::string &name, const std::string &key) {
  struct stat facts{};
  if (!folder.is_open() || ::fstatat(folder.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) {
    return is_passed_over(errno) ? result<void>() : file_error(during::reading, errno, place_.subject(key));
  }
  if (S_ISREG(facts.st_mode)) {
    stopped_ = !tell_(key, info_of(facts));
  }
  return {};
}

bool listing::may_hold(const std::string &folder_key) const {
  return folder_key.starts_with(prefix_) || prefix_.starts_with(folder_key);
}

} // namespace outsize::blob_file
