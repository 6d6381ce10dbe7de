#include "folder_names.hpp"

#include "descriptor.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <memory>
#include <string_view>

namespace outsize::blob_file {

std::optional<std::vector<std::string>> names_in(int folder) {
  descriptor again(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); // a position of its own
  struct closer {
    void operator()(DIR *open) const { ::closedir(open); }
  };
  const std::unique_ptr<DIR, closer> entries(again.is_open() ? ::fdopendir(again.get()) : nullptr);
  if (entries == nullptr) {
    return std::nullopt;
  }
  again.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0; // the only thing that tells the end from a failure
    const dirent *entry = ::readdir(entries.get());
    if (entry == nullptr) {
      return errno == 0 ? std::optional(std::move(names)) : std::nullopt;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
}

} // namespace outsize::blob_file
