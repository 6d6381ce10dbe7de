// A blob store in memory, in the hand of a test: it fails where it is told to, waits where it is told to, says wrong
// lengths, and tells what it was asked.
//
// Thread rule: bent_shelf from any thread; the store as its contract says.
#pragma once

#include <outsize/abi/host.h>
#include <outsize/blob_store.hpp>
#include <outsize/blob_store_handle.hpp>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace outsize::test {

/// What the stores of one place hold, and how they misbehave.
class bent_shelf {
public:
  using bytes = std::vector<std::uint8_t>;

  bent_shelf();
  bent_shelf(const bent_shelf &) = delete;
  bent_shelf &operator=(const bent_shelf &) = delete;

  // ---- by the test
  /// Every call of that name ("begin", "chunk", "finish", "get", "stat", "list", "remove") fails from now on.
  void fail(const std::string &call, code why);
  void heal();
  /// Calls of that name wait until let_go, or until they are told to end. `deaf`: they do not hear that.
  void hold(const std::string &call, bool deaf = false);
  void let_go();
  /// Returns when a call of that name waits.
  void wait_for_held(const std::string &call);
  /// stat is this many bytes off, and finish keeps as many less.
  void shorten(std::uint64_t by);
  void set_free(std::optional<std::uint64_t> free_bytes);
  void put(const std::string &key, const std::string &text);
  void drop(const std::string &key);

  [[nodiscard]] std::optional<std::string> blob(const std::string &key) const;
  [[nodiscard]] std::vector<std::string> keys() const;
  /// Puts that have neither been finished nor given up.
  [[nodiscard]] int puts_alive() const;
  [[nodiscard]] int calls(const std::string &name) const;

  // ---- by the store
  /// By which an instance finds its shelf; it uses nothing else of a host.
  [[nodiscard]] const outsize_host *host() const { return &host_; }
  result<void> enter(const std::string &call, const blob_call &bounds, const std::string &key);
  void on_put_begun();
  void on_put_ended();
  result<void> keep(const std::string &key, bytes blob);
  [[nodiscard]] result<bytes> find(const std::string &key) const;
  result<void> take_away(const std::string &key);
  [[nodiscard]] std::map<std::string, bytes> all() const;
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const;

private:
  outsize_host host_{};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, bytes> blobs_;
  std::map<std::string, code> failing_;
  std::set<std::string> holding_;
  bool is_deaf_ = false;
  std::map<std::string, int> held_;
  std::map<std::string, int> calls_;
  std::uint64_t shorter_by_ = 0;
  std::optional<std::uint64_t> free_bytes_;
  int puts_alive_ = 0;
};

/// An instance through the plugin's function table, as the host has it. The shelf outlives it.
std::unique_ptr<blob_store_handle> open_bent_store(bent_shelf &shelf);

} // namespace outsize::test
