// What is on its way through libzmq. libzmq frees what it was given on its own threads; here is counted what came back,
// and the host's thread is woken only when that gives it something to do.
//
// Thread rule: give-backs run on libzmq's threads; everything else on the host's thread.
#pragma once

#include "waker.hpp"

#include <outsize/buffer.hpp>
#include <outsize/error.hpp>
#include <outsize/transport.hpp>

#include <zmq.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace outsize::zeromq {

/// Bytes of one link that libzmq has given back so far. Counted by reference: frames may outlive their link.
class account {
public:
  static account *make(waker &wake) { return new account(wake); }
  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();

  /// Wakes the host's thread when `bytes` in all have come back, or at once when they have already.
  void wake_at(std::uint64_t bytes);
  [[nodiscard]] std::uint64_t returned_bytes() const { return returned_.load(std::memory_order_acquire); }
  /// By whoever frees a frame. [any thread]
  void give_back(std::uint64_t bytes);

private:
  explicit account(waker &wake) : wake_(wake) {}
  ~account() = default;
  waker &wake_;
  std::atomic<std::uint64_t> references_{1};
  std::atomic<std::uint64_t> returned_{0};
  std::atomic<std::uint64_t> wake_at_{UINT64_MAX};
};

struct account_release {
  void operator()(account *held) const { held->release(); }
};
using account_ptr = std::unique_ptr<account, account_release>;

class returns;

/// A message whose parts libzmq reads in place. It is finished when the link has handed over the last of it and libzmq
/// has given everything back; then it turns up in `returns`.
struct outgoing_message {
  outsize_link link = 0;
  std::uint64_t token = 0;
  std::vector<buffer> parts;
  std::uint64_t total_bytes = 0;
  std::optional<error> failed; ///< the link ended before the message was finished. Host's thread only
  returns *home = nullptr;
  std::atomic<std::uint32_t> holds{1}; ///< one by the link until all is handed over, one by each piece in libzmq
  outgoing_message *next = nullptr;

  void hold() { holds.fetch_add(1, std::memory_order_relaxed); }
  /// [any thread]
  void drop();
};

/// Finished messages, waiting to be reported.
class returns {
public:
  explicit returns(waker &wake) : wake_(wake) {}
  returns(const returns &) = delete;
  returns &operator=(const returns &) = delete;
  /// Frees what nobody asked for any more.
  ~returns();

  /// [any thread]
  void push(outgoing_message *finished);
  /// Everything finished since the last call, oldest first.
  std::vector<std::unique_ptr<outgoing_message>> take();

private:
  waker &wake_;
  std::atomic<outgoing_message *> newest_{nullptr};
};

/// Room for a frame of `size` bytes that is written once and then handed to libzmq. `charge` bytes are given back to
/// `owner` when libzmq is done with it.
class frame_block {
public:
  frame_block(account &owner, std::size_t size, std::uint64_t charge);
  frame_block(frame_block &&other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  frame_block &operator=(frame_block &&other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~frame_block();

  [[nodiscard]] std::uint8_t *data();
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::uint64_t charge() const;
  /// Ends the writing; the message gives the block back when it goes.
  [[nodiscard]] zmq::message_t to_message() &&;

private:
  struct state;
  static void give_back(void *data, void *hint);
  state *state_;
};

/// `size` bytes at `data`, read in place by libzmq. They belong to `whole`, which is held until libzmq is done.
zmq::message_t borrowed_piece(account &owner, outgoing_message &whole, const std::uint8_t *data, std::size_t size);

} // namespace outsize::zeromq
