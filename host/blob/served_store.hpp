// One configured blob store as the blob service holds it: the plugin's instance, its threads, what is known of it.
//
// Each store has threads of its own, so that a slow one delays no other, and separate ones for uploads and for the
// rest, so that a disk that takes its time to sync delays no reader and does not look like one that has gone.
//
// Thread rule: the loop thread; the instance may be used on blob threads, and `open` by one look at a time.
#pragma once

#include "host/blob/blob_calls.hpp"
#include "host/blob/blob_threads.hpp"
#include "host/blob/store_watch.hpp"
#include "host/storage/mailbox.hpp"

#include <outsize/blob_store_handle.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace outsize::host {

/// A store as the configuration names it.
struct blob_source {
  std::string name;
  std::unique_ptr<blob_store_handle> opened; ///< null: it could not be reached yet
  /// Opens it, on a blob thread, one at a time.
  std::function<result<std::unique_ptr<blob_store_handle>>()> open;
};

struct served_store {
  served_store(blob_source source, store_watch::times times, std::uint32_t threads)
      : name(std::move(source.name)), open(std::move(source.open)), handle(std::move(source.opened)),
        watch(name, times), writers(std::make_unique<blob_threads>(threads)),
        readers(std::make_unique<blob_threads>(threads)) {}

  const std::string name;
  const std::function<result<std::unique_ptr<blob_store_handle>>()> open;
  std::unique_ptr<blob_store_handle> handle; ///< null: it could not be opened yet, and nothing of it is ready
  store_watch watch;

  std::uint64_t uploads = 0;
  std::uint64_t blobs_put = 0;
  std::uint64_t bytes_put = 0;
  std::uint64_t gets = 0;
  std::uint64_t bytes_got = 0;
  std::map<std::string, std::uint64_t> failures;

  void count(const error &why) { ++failures[std::string(name_of(why.code))]; }

  std::unique_ptr<blob_threads> writers; ///< last: they use the instance
  std::unique_ptr<blob_threads> readers;
};

// ---- what the threads hand back

struct finished_undo {
  served_store *store = nullptr;
  std::string key;
  result<void> outcome;
};
struct finished_look {
  served_store *store = nullptr;
  std::unique_ptr<blob_store_handle> opened; ///< by this look
  result<store_look> found;
};
using blob_answer = std::variant<result<rope>, result<blob_page>, result<void>>;
struct finished_question {
  std::uint64_t number = 0;
  blob_answer outcome;
};
/// By the loop thread for itself: callbacks never run inside the calls that they answer.
struct due_upload {
  upload_id upload = 0;
};
using blob_mailbox = mailbox<std::variant<finished_step, finished_undo, finished_look, finished_question, due_upload>>;

} // namespace outsize::host
