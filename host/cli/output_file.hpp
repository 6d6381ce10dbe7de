// A file that a payload is written to. It has its name only when all of it is there: until then, and after a failure,
// there is none of that name, or the one that was there before.
//
// Errors are those of file_error, about the file's final name.
//
// Thread rule: one thread.
#pragma once

#include <outsize/buffer.hpp>
#include <outsize/result.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace outsize::host {

class output_file {
public:
  /// Begins it under `path` and a suffix.
  static result<std::unique_ptr<output_file>> create(const std::string &path);
  /// Takes away what was not finished.
  ~output_file();
  output_file(const output_file &) = delete;
  output_file &operator=(const output_file &) = delete;

  result<void> write(const rope &bytes);
  /// All of it was written: gives it its name, in place of a file that has it.
  result<void> finish();

private:
  explicit output_file(std::string path);
  [[nodiscard]] error failed() const;

  std::string path_;
  std::string unfinished_; ///< its name meanwhile; empty when there is nothing to take away
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> out_;
};

} // namespace outsize::host
