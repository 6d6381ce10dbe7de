#include <outsize/suite/test_host.hpp>

#include <outsize/time.hpp>

#include <algorithm>
#include <string_view>

namespace outsize::suite {

test_host::test_host(std::uint64_t seed)
    : random_state_(seed),
      table_{sizeof(outsize_host), OUTSIZE_ABI_MINOR, this, &write_log, &now_ns, &random, &get_service} {}

std::vector<log_line> test_host::log() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool test_host::logged(const std::string &text) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const log_line &line) { return line.text.find(text) != std::string::npos; });
}

void test_host::write_log(void *context, std::uint32_t level, const char *component, const char *text) {
  auto *self = static_cast<test_host *>(context);
  const std::lock_guard lock(self->mutex_);
  self->lines_.push_back({level, component, text});
}

std::uint64_t test_host::now_ns(void * /*context*/) {
  return to_abi(steady_now());
}

// splitmix64: short, and the same on every machine.
std::uint64_t test_host::random(void *context) {
  auto *self = static_cast<test_host *>(context);
  const std::lock_guard lock(self->mutex_);
  self->random_state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t mixed = self->random_state_;
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
  return mixed ^ (mixed >> 31U);
}

const void *test_host::get_service(void *context, const char *id) {
  auto *self = static_cast<test_host *>(context);
  return std::string_view(id) == OUTSIZE_INMEMORY_HUB ? self->hub_.table() : nullptr;
}

} // namespace outsize::suite
