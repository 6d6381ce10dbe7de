// A blob service with bent stores "archive" and "other", driven as a node's loop drives it, and verbs of its callers.
//
// Thread rule: one thread.
#pragma once

#include "host/blob/blob_service.hpp"
#include "unit/blob/support/bent_store.hpp"

#include <catch2/catch.hpp>

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::test {

inline constexpr auto rig_patience = std::chrono::seconds(30); ///< far beyond what any step takes

inline host::blob_marker marker_of(const std::string &store) {
  return {"11112222333344445555666677778888", host::to_hex(wire::cluster_id{7}), store};
}
inline host::marker_expectation expectation_of(const std::string &store) {
  return {true, wire::cluster_id{7}, marker_of(store).id};
}

/// What `done` asks about can come true on the blob service's own thread, which has nothing to wake us for.
inline constexpr duration look_again_after = std::chrono::milliseconds(10);

/// Drives `service` until `done`.
inline void drive(host::blob_service &service, const std::function<bool()> &done) {
  const time_point until = steady_now() + rig_patience;
  for (;;) {
    service.run_completions();
    service.on_time(steady_now());
    if (done()) {
      return;
    }
    REQUIRE(steady_now() < until);
    const duration left = std::min({service.next_time() - steady_now(), until - steady_now(), look_again_after});
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::max(left, duration::zero())).count() + 1;
    pollfd readable{service.event_fd(), POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(ms));
  }
}

/// An answer that comes later.
template <class T> class later {
public:
  std::function<void(result<T>)> callback() {
    return [seen = seen_](result<T> outcome) {
      ++seen->times;
      seen->outcome.emplace(std::move(outcome));
    };
  }
  [[nodiscard]] int times() const { return seen_->times; }
  [[nodiscard]] bool came() const { return seen_->times > 0; }
  [[nodiscard]] const result<T> &outcome() const { return *seen_->outcome; }
  [[nodiscard]] code why() const { return outcome() ? code::ok : outcome().error().code; }

private:
  struct seen {
    int times = 0;
    std::optional<result<T>> outcome;
  };
  std::shared_ptr<seen> seen_ = std::make_shared<seen>();
};

class service_rig {
public:
  explicit service_rig(host::blob_service_options how = {}) {
    for (bent_shelf *shelf : {&archive, &other}) {
      shelf->put(std::string("outsize/marker"), host::encode(marker_of(shelf == &archive ? "archive" : "other")));
    }
    how.now = &steady_now;
    how.log = [this](int, const std::string &line) { lines.push_back(line); };
    std::vector<host::blob_source> stores;
    stores.push_back({"archive", open_bent_store(archive), {}});
    stores.push_back({"other", open_bent_store(other), {}});
    service = host::blob_service::start(std::move(stores), std::move(how)).value();
    service->expect("archive", expectation_of("archive"));
    service->expect("other", expectation_of("other"));
    run_until([this] {
      return state_of("archive") == OUTSIZE_BLOB_STORE_READY && state_of("other") == OUTSIZE_BLOB_STORE_READY;
    });
  }

  void run_until(const std::function<bool()> &done) { drive(*service, done); }
  template <class T> const result<T> &wait_for(const later<T> &answer) {
    run_until([&] { return answer.came(); });
    return answer.outcome();
  }

  later<void> add(host::upload_id upload, const std::string &text) {
    later<void> answer;
    service->add(upload, rope(buffer::copy_of(text)), answer.callback());
    return answer;
  }
  later<void> finish(host::upload_id upload) {
    later<void> answer;
    service->finish(upload, answer.callback());
    return answer;
  }
  /// All of an upload in one piece.
  result<void> put(const std::string &store, const std::string &key, const std::string &text) {
    const host::upload_id upload = service->begin(store, key, text.size());
    add(upload, text);
    return wait_for(finish(upload));
  }
  later<rope> get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes,
                  duration timeout = rig_patience) {
    later<rope> answer;
    service->get(store, key, from, bytes, steady_now() + timeout, answer.callback());
    return answer;
  }

  [[nodiscard]] host::blob_store_facts facts_of(const std::string &store) const {
    for (const host::blob_store_facts &facts : service->facts()) {
      if (facts.name == store) {
        return facts;
      }
    }
    FAIL("no store " << store);
    return {};
  }
  [[nodiscard]] std::uint32_t state_of(const std::string &store) const { return facts_of(store).state; }
  /// Nothing of an upload is left in "archive", whenever that is.
  void wait_until_clean() {
    run_until([&] {
      return facts_of("archive").uploads == 0 && archive.puts_alive() == 0 &&
             archive.keys() == std::vector<std::string>{"outsize/marker"};
    });
  }
  [[nodiscard]] bool logged(const std::string &text) const {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string &line) { return line.find(text) != std::string::npos; });
  }

  bent_shelf archive; ///< outlive the service
  bent_shelf other;
  std::vector<std::string> lines;
  std::unique_ptr<host::blob_service> service;
};

inline std::string text_of(const result<rope> &got) {
  return got ? std::string(got->flatten().text()) : "error " + std::string(name_of(got.error().code));
}

} // namespace outsize::test
