#include "file_put.hpp"

#include "file_error.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace outsize::blob_file {
namespace {

/// Between two steps of this size the call is asked whether it has to end; at 100 MB/s that is every 10 ms.
constexpr std::size_t write_step_bytes = 1U << 20U;
/// How often a folder that was removed under our hands is made again before somebody is told.
constexpr int links_max = 3;

} // namespace

file_put::file_put(host_services host, const place &in, folder_tree &tree, announced what, claim room, upload_file file)
    : host_(host), place_(in), tree_(tree), what_(std::move(what)), room_(std::move(room)), file_(std::move(file)) {}

result<void> file_put::chunk(const blob_call &call, std::span<const std::uint8_t> bytes) {
  if (is_over_) {
    return make_error(code::invalid_argument, subject() + ": the put is over since a chunk of it failed");
  }
  if (bytes.size() > what_.size - written_bytes_) {
    return give_up(wrong_size(written_bytes_ + bytes.size()));
  }
  result<void> wrote = write(call, bytes);
  return wrote ? wrote : give_up(std::move(wrote).error());
}

result<void> file_put::finish(const blob_call &call) {
  if (is_over_) {
    return make_error(code::invalid_argument, subject() + ": the put is over since a chunk of it failed");
  }
  if (written_bytes_ != what_.size) {
    return give_up(wrong_size(written_bytes_));
  }
  result<void> done = make_durable(call);
  if (done) {
    done = make_visible();
  }
  return done ? done : give_up(std::move(done).error());
}

result<void> file_put::write(const blob_call &call, std::span<const std::uint8_t> bytes) {
  for (bool first = true; first || !bytes.empty(); first = false) {
    if (result<void> on = call.check(host_.now()); !on) {
      return place_.named(what_.key, std::move(on));
    }
    const auto step = bytes.first(std::min(bytes.size(), write_step_bytes));
    if (!file_.write(step)) {
      return failure();
    }
    room_.wrote(step.size());
    written_bytes_ += step.size();
    bytes = bytes.subspan(step.size());
  }
  return {};
}

result<void> file_put::make_durable(const blob_call &call) {
  if (result<void> on = call.check(host_.now()); !on) {
    return place_.named(what_.key, std::move(on));
  }
  if (!file_.sync()) {
    return failure();
  }
  return place_.named(what_.key, call.check(host_.now()));
}

result<void> file_put::make_visible() {
  const key_path path = path_of(what_.key);
  for (int links = 1;; ++links) {
    const descriptor folder = tree_.make(path.folders);
    if (!folder.is_open()) {
      return failure();
    }
    if (file_.link_as(folder.get(), path.file)) {
      if (::fsync(folder.get()) == 0) {
        return {};
      }
      const error why = failure();
      ::unlinkat(folder.get(), path.file.c_str(), 0); // not known to be durable: as if it had never been there
      return why;
    }
    if (errno == EEXIST) {
      return make_error(code::blob_exists, subject() + ": there is one already, and blobs are never replaced");
    }
    if (errno == ENOENT && !file_.has_name()) {
      return make_error(code::blob_unavailable, subject() + ": somebody has removed its file from uploads");
    }
    if (errno != ENOENT || links == links_max) {
      return failure();
    }
  }
}

error file_put::wrong_size(std::uint64_t actual_bytes) const {
  return size_error(code::invalid_argument,
                    subject() + ": " + std::to_string(actual_bytes) + " bytes came, " + std::to_string(what_.size) +
                        " were announced",
                    actual_bytes, what_.size);
}

error file_put::failure() const {
  return file_error(during::writing, errno, subject());
}

result<void> file_put::give_up(error why) {
  is_over_ = true;
  file_ = upload_file();
  room_ = claim();
  return why;
}

} // namespace outsize::blob_file
