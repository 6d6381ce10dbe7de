#include "output_file.hpp"

#include "host/cli/file_error.hpp"

#include <cerrno>

namespace outsize::host {

output_file::output_file(std::string path) : path_(std::move(path)), out_(nullptr, &std::fclose) {}

output_file::~output_file() {
  if (!unfinished_.empty()) {
    out_.reset();
    (void)std::remove(unfinished_.c_str()); // nothing more can be done; its name says that it is not whole
  }
}

error output_file::failed() const {
  return file_error(path_, "written", errno);
}

result<std::unique_ptr<output_file>> output_file::create(const std::string &path) {
  std::unique_ptr<output_file> made(new output_file(path));
  const std::string unfinished = path + ".unfinished";
  made->out_.reset(std::fopen(unfinished.c_str(), "wb"));
  if (made->out_ == nullptr) {
    return made->failed();
  }
  made->unfinished_ = unfinished;
  return made;
}

result<void> output_file::write(const rope &bytes) {
  for (const buffer &part : bytes.parts()) {
    if (std::fwrite(part.data(), 1, part.size(), out_.get()) != part.size()) {
      return failed();
    }
  }
  return {};
}

result<void> output_file::finish() {
  if (std::fclose(out_.release()) != 0 || std::rename(unfinished_.c_str(), path_.c_str()) != 0) {
    return failed();
  }
  unfinished_.clear();
  return {};
}

} // namespace outsize::host
