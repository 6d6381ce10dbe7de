#include "outgoing.hpp"

#include <algorithm>
#include <new>

namespace outsize::zeromq {

// ---- account

void account::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

void account::wake_at(std::uint64_t bytes) {
  wake_at_.store(bytes);
  if (returned_.load() >= bytes && wake_at_.exchange(UINT64_MAX) != UINT64_MAX) {
    wake_.signal(); // it came back in between
  }
}

void account::give_back(std::uint64_t bytes) {
  const std::uint64_t now = returned_.fetch_add(bytes) + bytes;
  if (now >= wake_at_.load() && wake_at_.exchange(UINT64_MAX) != UINT64_MAX) {
    wake_.signal();
  }
}

// ---- outgoing_message, returns

void outgoing_message::drop() {
  if (holds.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    home->push(this);
  }
}

returns::~returns() {
  take();
}

void returns::push(outgoing_message *finished) {
  outgoing_message *seen = newest_.load(std::memory_order_relaxed);
  do {
    finished->next = seen;
  } while (!newest_.compare_exchange_weak(seen, finished, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (seen == nullptr) { // the first since the last look; the others ride along
    wake_.signal();
  }
}

std::vector<std::unique_ptr<outgoing_message>> returns::take() {
  std::vector<std::unique_ptr<outgoing_message>> taken;
  for (outgoing_message *one = newest_.exchange(nullptr, std::memory_order_acq_rel); one != nullptr;) {
    outgoing_message *next = one->next;
    taken.emplace_back(one);
    one = next;
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

// ---- frames

struct frame_block::state {
  account *owner;
  std::uint64_t charge;
  std::size_t size;
  std::atomic<bool> written{false}; // orders our writes before libzmq's threads, which no tool can look into
  alignas(16) std::uint8_t bytes[1];
};

frame_block::frame_block(account &owner, std::size_t size, std::uint64_t charge) {
  void *memory = ::operator new(sizeof(state) + size);
  state_ = new (memory) state{&owner, charge, size, {}, {}};
  owner.retain();
}

frame_block::~frame_block() {
  if (state_ != nullptr) {
    give_back(nullptr, state_);
  }
}

std::uint8_t *frame_block::data() {
  return state_->bytes;
}

std::size_t frame_block::size() const {
  return state_->size;
}

std::uint64_t frame_block::charge() const {
  return state_->charge;
}

void frame_block::give_back(void * /*data*/, void *hint) {
  auto *held = static_cast<state *>(hint);
  (void)held->written.load(std::memory_order_acquire);
  held->owner->give_back(held->charge);
  held->owner->release();
  held->~state();
  ::operator delete(held);
}

zmq::message_t frame_block::to_message() && {
  state *held = std::exchange(state_, nullptr);
  std::uint8_t *bytes = held->bytes;
  const std::size_t size = held->size;
  held->written.store(true, std::memory_order_release); // our last look
  return zmq::message_t(bytes, size, &frame_block::give_back, held);
}

namespace {

struct piece_hold {
  account *owner;
  outgoing_message *whole;
  std::uint64_t charge;
  std::atomic<bool> written{false};
};

void give_piece_back(void * /*data*/, void *hint) {
  auto *held = static_cast<piece_hold *>(hint);
  (void)held->written.load(std::memory_order_acquire);
  held->owner->give_back(held->charge);
  held->owner->release();
  held->whole->drop();
  delete held;
}

} // namespace

zmq::message_t borrowed_piece(account &owner, outgoing_message &whole, const std::uint8_t *data, std::size_t size) {
  owner.retain();
  whole.hold();
  auto *held = new piece_hold{&owner, &whole, size, {}};
  held->written.store(true, std::memory_order_release);
  // libzmq only reads; its interface has no const.
  return zmq::message_t(const_cast<std::uint8_t *>(data), size, &give_piece_back, held); // NOLINT
}

} // namespace outsize::zeromq
