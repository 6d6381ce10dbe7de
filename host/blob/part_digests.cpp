#include "host/blob/part_digests.hpp"

#include <outsize/wire/codec.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

namespace outsize::host {
namespace {

constexpr std::uint64_t get_bytes = 1ULL << 20;
constexpr auto get_timeout = std::chrono::seconds(20);

class reading_parts : public std::enable_shared_from_this<reading_parts> {
public:
  reading_parts(blob_io &blobs, part_question question, std::function<time_point()> now,
                std::function<void(result<part_answer>)> then)
      : blobs_(blobs), question_(std::move(question)), now_(std::move(now)), then_(std::move(then)) {
    answer_.next = question_.from;
  }

  void step() {
    const std::uint64_t wanted = std::min(get_bytes, question_.part_bytes - part_bytes_);
    blobs_.get(question_.store, question_.key, answer_.next, wanted, now_() + get_timeout,
               [self = shared_from_this(), wanted](const result<rope> &got) { self->on_got(wanted, got); });
  }

private:
  void on_got(std::uint64_t wanted, const result<rope> &got) {
    if (!got) {
      then_(got.error());
      return;
    }
    part_.add(got.value());
    part_bytes_ += got->size();
    answer_.next += got->size();
    answer_.is_end = got->size() < wanted;
    if (part_bytes_ == question_.part_bytes || (answer_.is_end && part_bytes_ != 0)) {
      answer_.digests.push_back(part_.value());
      part_ = wire::running_digest();
      part_bytes_ = 0;
    }
    const bool is_enough =
        answer_.next - question_.from >= part_digests_bytes_max || answer_.digests.size() >= part_digests_max;
    if (answer_.is_end || (part_bytes_ == 0 && is_enough)) {
      then_(std::move(answer_));
      return;
    }
    step();
  }

  blob_io &blobs_;
  const part_question question_;
  const std::function<time_point()> now_;
  const std::function<void(result<part_answer>)> then_;
  wire::running_digest part_; ///< of the part being read
  std::uint64_t part_bytes_ = 0;
  part_answer answer_;
};

} // namespace

void read_part_digests(blob_io &blobs, part_question question, std::function<time_point()> now,
                       std::function<void(result<part_answer>)> then) {
  std::make_shared<reading_parts>(blobs, std::move(question), std::move(now), std::move(then))->step();
}

} // namespace outsize::host
