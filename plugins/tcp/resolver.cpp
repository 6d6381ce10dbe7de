#include "resolver.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace outsize::tcp {

namespace {
constexpr std::size_t lookups_max = 16; // threads that may hang in the system's resolver
}

struct resolver::shared {
  descriptor event;
  std::mutex mutex;
  std::map<std::pair<std::string, std::string>, std::vector<outsize_link>> asked; // guarded by mutex
  std::vector<answer> answers;                                                    // guarded by mutex

  void finish(const address &where, result<std::vector<endpoint>> found) {
    const std::lock_guard lock(mutex);
    answers.push_back({std::move(asked[{where.host, where.port}]), std::move(found)});
    asked.erase({where.host, where.port});
    const std::uint64_t one = 1;
    (void)!::write(event.get(), &one, sizeof one); // refused only when it is readable already
  }
};

result<std::unique_ptr<resolver>> resolver::make() {
  std::unique_ptr<resolver> made(new resolver);
  made->shared_ = std::make_shared<shared>();
  made->shared_->event = descriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made->shared_->event) {
    return make_error(code::overloaded, "no event descriptor for name lookups: " + system_text(errno));
  }
  return made;
}

resolver::~resolver() = default;

result<void> resolver::ask(outsize_link link, const address &where) {
  {
    const std::lock_guard lock(shared_->mutex);
    const auto [found, is_new] = shared_->asked.try_emplace({where.host, where.port});
    if (is_new && shared_->asked.size() > lookups_max) {
      shared_->asked.erase(found);
      return make_error(code::overloaded,
                        "too many names wait for the system's resolver, '" + where.host + "' is not asked for",
                        "check the name server, or use numeric addresses");
    }
    found->second.push_back(link);
    if (!is_new) {
      return {};
    }
  }
  try {
    std::thread([state = shared_, where] { state->finish(where, look_up(where)); }).detach();
  } catch (const std::system_error &failed) {
    shared_->finish(where, make_error(code::overloaded, std::string("no thread for a name lookup: ") + failed.what()));
  }
  return {};
}

std::vector<resolver::answer> resolver::take() {
  const std::lock_guard lock(shared_->mutex);
  std::uint64_t count = 0;
  (void)!::read(shared_->event.get(), &count, sizeof count); // refused only when it is silent already
  return std::exchange(shared_->answers, {});
}

int resolver::event_fd() const {
  return shared_->event.get();
}

} // namespace outsize::tcp
