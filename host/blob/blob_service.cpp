#include "host/blob/blob_service.hpp"

#include <outsize/abi/host.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {
namespace {

std::uint32_t abi_state_of(store_standing standing) {
  switch (standing) {
  case store_standing::ready:
    return OUTSIZE_BLOB_STORE_READY;
  case store_standing::full:
    return OUTSIZE_BLOB_STORE_FULL;
  case store_standing::foreign:
    return OUTSIZE_BLOB_STORE_FOREIGN;
  case store_standing::unknown:
  case store_standing::unavailable:
    return OUTSIZE_BLOB_STORE_UNAVAILABLE;
  }
  return OUTSIZE_BLOB_STORE_UNAVAILABLE;
}

} // namespace

result<std::unique_ptr<blob_service>> blob_service::start(std::vector<blob_source> stores, blob_service_options how) {
  std::unique_ptr<blob_service> made(new blob_service(std::move(stores), std::move(how)));
  if (!made->box_.is_open()) {
    return make_error(code::overloaded, "the process has no file descriptor left for its blob stores",
                      "raise its limit of open files");
  }
  return made;
}

blob_service::blob_service(std::vector<blob_source> stores, blob_service_options how)
    : options_(std::move(how)), uploads_(box_, options_.uploads, options_.now) {
  for (blob_source &source : stores) {
    stores_.push_back(std::make_unique<served_store>(std::move(source), options_.looks, options_.threads));
  }
  note_changes();
}

blob_service::~blob_service() {
  closing_->raise();
  uploads_.cancel_all();
  for (const std::unique_ptr<served_store> &store : stores_) {
    store->writers.reset();
    store->readers.reset();
  }
}

// ---- uploads --------------------------------------------------------------------------------------------------------

upload_id blob_service::begin(const std::string &store, const std::string &key, std::uint64_t bytes) {
  return uploads_.begin(find(store), not_configured(store), key, bytes);
}

void blob_service::add(upload_id upload, rope bytes, std::function<void(result<void>)> then) {
  uploads_.add(upload, std::move(bytes), std::move(then));
}

void blob_service::finish(upload_id upload, std::function<void(result<void>)> then) {
  uploads_.finish(upload, std::move(then));
}

void blob_service::abandon(upload_id upload) {
  uploads_.abandon(upload);
}

void blob_service::on(const finished_undo &done) {
  const bool is_gone = !done.outcome && done.outcome.error().code == code::blob_missing;
  if (!done.outcome && !is_gone) {
    options_.log(OUTSIZE_LOG_WARN,
                 fmt::format("blob left behind: store={} key={} code={} reason=\"{}\"", done.store->name, done.key,
                             name_of(done.outcome.error().code), done.outcome.error().text));
  }
}

// ---- questions ------------------------------------------------------------------------------------------------------

template <class T, class Call> void blob_service::ask(served_store *store, const std::optional<error> &refusal,
                                                      time_point deadline, Call call,
                                                      std::function<void(result<T>)> then) {
  const std::uint64_t number = ++last_question_;
  const time_point until = deadline == never ? never : deadline + options_.answer_slack;
  questions_[number] = {store, until, [then = std::move(then)](result<blob_answer> given) {
                          then(given ? std::get<result<T>>(*std::move(given)) : result<T>(std::move(given).error()));
                        }};
  if (refusal) {
    box_.post(finished_question{number, result<T>(*refusal)});
    return;
  }
  store->readers->submit([&box = box_, &handle = *store->handle, number, call = std::move(call)] {
    box.post(finished_question{number, call(handle)});
  });
}

void blob_service::get(const std::string &store, const std::string &key, std::uint64_t from, std::uint64_t bytes,
                       time_point deadline, std::function<void(result<rope>)> then) {
  served_store *const in = find(store);
  std::optional<error> refusal = in == nullptr ? not_configured(store) : in->watch.refusal();
  if (bytes > options_.get_bytes_max) {
    refusal = size_error(code::invalid_argument, fmt::format("{} bytes of blob {} are asked for at once", bytes, key),
                         bytes, options_.get_bytes_max);
  }
  const get_call what{key, from, bytes, {deadline, closing_}};
  ask<rope>(
      in, refusal, deadline, [what](blob_store_handle &handle) { return run_get(handle, what); },
      [in, then = std::move(then)](result<rope> got) {
        if (got) {
          ++in->gets;
          in->bytes_got += got->size();
        }
        then(std::move(got));
      });
}

void blob_service::list(const std::string &store, const std::string &prefix, const std::string &after,
                        std::uint32_t count_max, time_point deadline, std::function<void(result<blob_page>)> then) {
  served_store *const in = find(store);
  const std::optional<error> refusal = in == nullptr ? not_configured(store) : in->watch.refusal();
  const list_call what{prefix, after, count_max, {deadline, closing_}};
  ask<blob_page>(
      in, refusal, deadline, [what](blob_store_handle &handle) { return run_list(handle, what); }, std::move(then));
}

void blob_service::write_marker(const std::string &store, const blob_marker &marker,
                                std::function<void(result<void>)> then) {
  served_store *const in = find(store);
  std::optional<error> refusal;
  if (in == nullptr || in->handle == nullptr) {
    refusal = in == nullptr ? not_configured(store) : in->watch.refusal();
  }
  const call_bounds bounds{options_.now() + options_.mark_timeout, closing_};
  ask<void>(
      in, refusal, bounds.deadline,
      [marker, bounds](blob_store_handle &handle) { return run_mark(handle, marker, bounds); },
      [in, then = std::move(then)](result<void> done) {
        if (in != nullptr) {
          in->watch.look_now();
        }
        then(std::move(done));
      });
}

void blob_service::on(finished_question done) {
  const auto found = questions_.find(done.number);
  if (found == questions_.end()) {
    return; // it came too late, and whoever asked was told so
  }
  const question asked = std::move(found->second);
  questions_.erase(found);
  const error *why = std::visit([](const auto &one) { return one ? nullptr : &one.error(); }, done.outcome);
  if (why != nullptr && asked.store != nullptr) {
    asked.store->count(*why);
  }
  asked.then(std::move(done.outcome));
}

void blob_service::give_up(std::uint64_t number) {
  const auto found = questions_.find(number);
  if (found == questions_.end()) {
    return; // the one before it in the same round has seen to it
  }
  const question asked = std::move(found->second);
  questions_.erase(found);
  const error why =
      make_error(code::timed_out, fmt::format("blob store \"{}\" has not answered in time", asked.store->name));
  asked.store->count(why);
  asked.then(why);
}

// ---- looks ----------------------------------------------------------------------------------------------------------

void blob_service::look(served_store &store, time_point now) {
  const call_bounds bounds{store.watch.look_deadline(now), closing_};
  store.watch.on_look_begun(now);
  store.readers->submit(
      [&box = box_, &store, handle = store.handle.get(), bounds] {
        finished_look done{&store, nullptr, store_look{}};
        if (handle == nullptr) {
          result<std::unique_ptr<blob_store_handle>> opened = store.open();
          done.opened = opened ? *std::move(opened) : nullptr;
          done.found = done.opened != nullptr ? run_look(*done.opened, bounds) : std::move(opened).error();
        } else {
          done.found = run_look(*handle, bounds);
        }
        box.post(std::move(done));
      },
      true);
}

void blob_service::on(finished_look done) {
  if (done.opened != nullptr) {
    done.store->handle = std::move(done.opened);
  }
  if (!done.found) {
    done.store->count(done.found.error());
  }
  done.store->watch.on_looked(done.found, options_.now());
}

void blob_service::expect(const std::string &store, const marker_expectation &what) {
  if (served_store *const known = find(store); known != nullptr) {
    known->watch.expect(what, options_.now());
    note_changes();
  }
}

/// Tells the log when a store becomes usable, or ceases to be.
void blob_service::note_changes() {
  for (const std::unique_ptr<served_store> &store : stores_) {
    const store_watch &watch = store->watch;
    told_state now{watch.standing(), watch.reason(), watch.marker(), watch.lacks_marker()};
    told_state &before = told_[store.get()];
    if (now == before) {
      continue;
    }
    ++revision_;
    const bool is_news = now.standing != before.standing || now.reason != before.reason;
    before = std::move(now);
    if (is_news) {
      say(*store);
    }
  }
}

void blob_service::say(const served_store &store) const {
  const store_watch &watch = store.watch;
  switch (watch.standing()) {
  case store_standing::unknown:
    return; // a start: what comes of it is said soon
  case store_standing::ready:
    options_.log(OUTSIZE_LOG_INFO, fmt::format("blob store ready: store={} marker={}", store.name, watch.marker()->id));
    return;
  case store_standing::full:
    options_.log(OUTSIZE_LOG_WARN, fmt::format("blob store full: store={} consequence=\"nothing is spilled to it until "
                                               "there is room\"",
                                               store.name));
    return;
  case store_standing::unavailable:
    options_.log(OUTSIZE_LOG_WARN,
                 fmt::format("blob store unavailable: store={} reason=\"{}\"", store.name, watch.reason()));
    return;
  case store_standing::foreign:
    options_.log(OUTSIZE_LOG_ERROR, fmt::format("blob store refused: store={} reason=\"{}\" remedy=\"{}\"", store.name,
                                                watch.reason(), watch.refusal()->remedy_text()));
    return;
  }
}

// ---- the loop -------------------------------------------------------------------------------------------------------

std::size_t blob_service::run_completions() {
  std::vector<blob_mailbox::letter> letters = box_.take();
  for (blob_mailbox::letter &letter : letters) {
    std::visit([this](auto &one) { on(std::move(one)); }, letter);
  }
  note_changes();
  return letters.size();
}

void blob_service::on_time(time_point now) {
  uploads_.on_time(now);
  std::vector<std::uint64_t> late;
  for (const auto &[number, asked] : questions_) {
    if (now >= asked.until) {
      late.push_back(number);
    }
  }
  for (const std::uint64_t number : late) {
    give_up(number);
  }
  for (const std::unique_ptr<served_store> &store : stores_) {
    store->watch.on_time(now);
    if (store->watch.wants_look(now)) {
      look(*store, now);
    }
  }
  note_changes();
}

time_point blob_service::next_time() const {
  time_point next = uploads_.next_time();
  for (const auto &[number, asked] : questions_) {
    next = std::min(next, asked.until);
  }
  for (const std::unique_ptr<served_store> &store : stores_) {
    next = std::min(next, store->watch.next_time());
  }
  return next;
}

// ---- what is known of them ------------------------------------------------------------------------------------------

std::vector<outsize_blob_store_state> blob_service::states() const {
  std::vector<outsize_blob_store_state> made;
  for (const std::unique_ptr<served_store> &store : stores_) {
    made.push_back({sizeof(outsize_blob_store_state), abi_state_of(store->watch.standing()), store->name.c_str(),
                    store->watch.free_bytes().value_or(UINT64_MAX)});
  }
  return made;
}

std::vector<blob_store_facts> blob_service::facts() const {
  std::vector<blob_store_facts> made;
  for (const std::unique_ptr<served_store> &store : stores_) {
    const store_watch &watch = store->watch;
    made.push_back({store->name, abi_state_of(watch.standing()), watch.reason(), watch.free_bytes(), watch.marker(),
                    watch.lacks_marker(), store->uploads, store->blobs_put, store->bytes_put, store->gets,
                    store->bytes_got, store->failures});
  }
  return made;
}

served_store *blob_service::find(const std::string &store) const {
  const auto found = std::find_if(stores_.begin(), stores_.end(), [&](const auto &one) { return one->name == store; });
  return found == stores_.end() ? nullptr : found->get();
}

error blob_service::not_configured(const std::string &store) {
  return make_error(code::not_found, fmt::format("there is no blob store \"{}\" on this node", store),
                    fmt::format("add a [[blob-store]] with name = \"{}\" to this node's configuration", store));
}

} // namespace outsize::host
