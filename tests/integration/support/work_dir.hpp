// A folder for one test: gone at its end, kept and named when it failed.
//
// Thread rule: one thread.
#pragma once

#include <string>

namespace outsize::test {

class work_dir {
public:
  work_dir();
  ~work_dir();
  work_dir(const work_dir &) = delete;
  work_dir &operator=(const work_dir &) = delete;

  [[nodiscard]] const std::string &path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string &name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace outsize::test
