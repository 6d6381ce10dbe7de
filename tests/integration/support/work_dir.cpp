#include "work_dir.hpp"

#include "failure_watch.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

namespace outsize::test {

work_dir::work_dir() {
  std::string name = (std::filesystem::temp_directory_path() / "outsize-cluster-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make " + name);
  }
  path_ = name;
}

work_dir::~work_dir() {
  if (test_failed()) {
    std::fprintf(stderr, "configs, logs and data of the failed test are kept in %s\n", path_.c_str());
    return;
  }
  std::error_code ignored; // what cannot be removed harms nobody
  std::filesystem::remove_all(path_, ignored);
}

} // namespace outsize::test
