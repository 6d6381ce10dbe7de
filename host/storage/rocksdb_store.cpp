#include "host/storage/rocksdb_store.hpp"

#include "host/storage/commit_thread.hpp"
#include "host/storage/durable_file.hpp"
#include "host/storage/finished.hpp"
#include "host/storage/read_thread.hpp"
#include "host/storage/store_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace outsize::host {
namespace {

std::uint64_t bytes_of(const commit &what) {
  std::uint64_t bytes = 0;
  for (const entry_write &entry : what.entries) {
    bytes += entry.bytes.size();
  }
  return bytes;
}

/// Every pair of one family whose key begins with `prefix`.
result<std::vector<std::pair<std::string, std::string>>>
load_pairs(rocksdb_database &database, rocksdb::ColumnFamilyHandle *family, const std::string &prefix) {
  rocksdb::ReadOptions verified;
  verified.verify_checksums = true;
  std::vector<std::pair<std::string, std::string>> pairs;
  const std::unique_ptr<rocksdb::Iterator> at(database.db().NewIterator(verified, family));
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    pairs.emplace_back(at->key().ToString(), at->value().ToString());
  }
  if (!at->status().ok()) {
    return storage_error("the store cannot be read", at->status());
  }
  return pairs;
}

/// RocksDB syncs what is in its folder; that the folders themselves survive a power cut is ours.
result<void> sync_tree(const std::string &directory) {
  if (auto synced = sync_directory(directory); !synced) {
    return synced;
  }
  return sync_directory(std::filesystem::path(directory).parent_path().string());
}

class entry_store final : public storage {
public:
  entry_store(rocksdb_database &database, entry_mailbox &mail, commit_thread &commits, read_thread &reads)
      : database_(database), mail_(mail), commits_(commits), reads_(reads) {}

  result<std::vector<std::pair<segment_id, segment_row>>> load() override;
  void submit(commit what, committed then) override;
  void read(read_request what, read_done then) override { reads_.submit(what, std::move(then)); }
  void find_fragments(fragment_request what, fragments_found then) override { reads_.submit(what, std::move(then)); }
  std::size_t run_completions() override;
  int event_fd() override { return mail_.event_fd(); }
  [[nodiscard]] std::uint64_t pending_bytes() const override { return pending_bytes_; }
  [[nodiscard]] storage_counters counters() const override { return database_.activity().counters(); }

private:
  void tell(finished_commit finished);
  void tell(finished_read finished) { finished.then(std::move(finished.outcome)); }
  void tell(finished_search finished) { finished.then(std::move(finished.outcome)); }

  rocksdb_database &database_;
  entry_mailbox &mail_;
  commit_thread &commits_;
  read_thread &reads_;
  std::uint64_t pending_bytes_ = 0;
  std::uint64_t epoch_ = 1; ///< refusals told so far, plus one
};

result<std::vector<std::pair<segment_id, segment_row>>> entry_store::load() {
  const auto pairs = load_pairs(database_, database_.rows(), {});
  if (!pairs) {
    return pairs.error();
  }
  std::vector<std::pair<segment_id, segment_row>> known;
  for (const auto &[key, value] : *pairs) {
    auto row = decode_row(value);
    if (key.size() != segment_key_bytes || !row) {
      return make_error(code::storage_failed, row ? "the store holds a row with a foreign key" : row.error().text);
    }
    known.emplace_back(decode_segment_key(key), *std::move(row));
  }
  return known;
}

void entry_store::submit(commit what, committed then) {
  finished_commit finished{std::move(then), {}, bytes_of(what), epoch_};
  pending_bytes_ += finished.bytes;
  commits_.submit(std::move(what), std::move(finished));
}

std::size_t entry_store::run_completions() {
  auto letters = mail_.take();
  for (auto &letter : letters) {
    std::visit([this](auto &finished) { tell(std::move(finished)); }, letter);
  }
  return letters.size();
}

void entry_store::tell(finished_commit finished) {
  pending_bytes_ -= finished.bytes;
  if (!finished.outcome && finished.outcome.error().code == code::disk_full) {
    epoch_ = std::max(epoch_, finished.epoch + 1);
  }
  finished.then(std::move(finished.outcome));
}

class pair_store final : public value_store {
public:
  pair_store(rocksdb_database &database, value_mailbox &mail, commit_thread &commits)
      : database_(database), mail_(mail), commits_(commits) {}

  result<std::vector<std::pair<std::string, std::string>>> load(const std::string &prefix) override {
    return load_pairs(database_, database_.values(), prefix);
  }
  void put(std::string key, std::string value, stored then) override {
    commits_.submit(value_write{std::move(key), std::move(value)}, finished_value{std::move(then), {}});
  }
  std::size_t run_completions() override {
    auto letters = mail_.take();
    for (finished_value &finished : letters) {
      finished.then(std::move(finished.outcome));
    }
    return letters.size();
  }
  int event_fd() override { return mail_.event_fd(); }

private:
  rocksdb_database &database_;
  value_mailbox &mail_;
  commit_thread &commits_;
};

} // namespace

struct rocksdb_store::state {
  state(std::unique_ptr<rocksdb_database> opened, bulk_writer bulk)
      : database(std::move(opened)), commits(*database, std::move(bulk), entry_mail, value_mail),
        reads(*database, entry_mail), entries(*database, entry_mail, commits, reads),
        values(*database, value_mail, commits) {}

  std::unique_ptr<rocksdb_database> database;
  entry_mailbox entry_mail;
  value_mailbox value_mail;
  commit_thread commits;
  read_thread reads;
  entry_store entries;
  pair_store values;
};

result<std::unique_ptr<rocksdb_store>> rocksdb_store::open(const rocksdb_options &options) {
  auto database = rocksdb_database::open(options);
  if (!database) {
    return std::move(database).error();
  }
  auto bulk = bulk_writer::open((*database)->files(), (*database)->bulk_directory());
  if (!bulk) {
    return std::move(bulk).error();
  }
  if (auto synced = sync_tree(options.directory); !synced) {
    return std::move(synced).error();
  }
  auto made = std::make_unique<state>(*std::move(database), *std::move(bulk));
  if (!made->entry_mail.is_open() || !made->value_mail.is_open()) {
    return make_error(code::storage_failed, "no file descriptor is left for the store's events",
                      "raise the limit of open files (ulimit -n)");
  }
  return std::unique_ptr<rocksdb_store>(new rocksdb_store(std::move(made)));
}

rocksdb_store::rocksdb_store(std::unique_ptr<state> made) : state_(std::move(made)) {}
rocksdb_store::~rocksdb_store() = default;

storage &rocksdb_store::entries() {
  return state_->entries;
}

value_store &rocksdb_store::values() {
  return state_->values;
}

} // namespace outsize::host
