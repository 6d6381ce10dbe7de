// What the worker threads hand back to the loop thread: whom to call, and with what.
//
// Thread rule: plain values.
#pragma once

#include "host/storage/mailbox.hpp"
#include "host/storage/storage.hpp"

#include <cstdint>
#include <variant>

namespace outsize::host {

struct finished_commit {
  storage::committed then;
  result<void> outcome;
  std::uint64_t bytes = 0; ///< of its entries
  std::uint64_t epoch = 0; ///< see commit_thread::submit
};

struct finished_read {
  storage::read_done then;
  result<read_result> outcome;
};

struct finished_search {
  storage::fragments_found then;
  result<fragment_result> outcome;
};

struct finished_value {
  value_store::stored then;
  result<void> outcome;
};

/// Commits, reads and searches share a mailbox, so that one descriptor stands for the whole storage.
using entry_mailbox = mailbox<std::variant<finished_commit, finished_read, finished_search>>;
using value_mailbox = mailbox<finished_value>;

} // namespace outsize::host
