#include "decoder.hpp"

#include "field_intakes.hpp"

#include <msgpack/null_visitor.hpp>
#include <msgpack/unpack.hpp>

#include <algorithm>
#include <array>

namespace outsize::wire {
namespace {

/// Containers of the protocol's own, one in another: envelope, body, results, result, refusal, trace, step.
constexpr unsigned typed_depth_max = 7;

/// What the parser calls, in the order of the bytes. Every function answers whether to go on.
class visitor : public msgpack::null_visitor {
public:
  visitor(std::span<const std::uint8_t> bytes, const buffer *whole, place root, memory_allowance memory)
      : bytes_(bytes), whole_(whole), next_(root), memory_(memory) {}

  [[nodiscard]] const std::string &why() const { return why_; }
  [[nodiscard]] bool bytes_ended() const { return bytes_ended_; }
  [[nodiscard]] bool stopped_early() const { return stopped_early_; }

  bool visit_nil() { return begin_value() && accept(next_.how->take_nil(next_.at)); }
  bool visit_boolean(bool) { return visit_other(); }
  bool visit_negative_integer(std::int64_t) { return visit_other(); }
  bool visit_float32(float) { return visit_other(); }
  bool visit_float64(double) { return visit_other(); }
  bool visit_ext(const char *data, std::uint32_t size) { return visit_other() && pass(data, size); }
  bool visit_positive_integer(std::uint64_t value) {
    return is_key_ ? take_key(value) : open_value() && accept(next_.how->take_integer(next_.at, value));
  }
  bool visit_str(const char *text, std::uint32_t size) {
    return open_value() && pass(text, size) && accept(next_.how->take_text(next_.at, {text, size}));
  }
  bool visit_bin(const char *data, std::uint32_t size) {
    const std::span<const std::uint8_t> value(reinterpret_cast<const std::uint8_t *>(data), size);
    return open_value() && pass(data, size) && accept(next_.how->take_bytes(next_.at, value, whole_));
  }

  bool start_array(std::uint32_t count) {
    if (count > left_at_most()) {
      return fail("array declares more values than there are bytes");
    }
    return open_value() && accept(next_.how->begin_array(next_.at, count, memory_)) && push();
  }
  bool start_array_item() {
    frame &array = innermost();
    next_ = array.container.how->item(array.container.at, array.index++);
    stopped_early_ = next_.how == nullptr;
    return !stopped_early_;
  }
  bool end_array() { return pop(); }

  bool start_map(std::uint32_t count) {
    if (2 * std::uint64_t{count} > left_at_most()) {
      return fail("map declares more fields than there are bytes");
    }
    return open_value() && accept(next_.how->begin_map()) && push();
  }
  bool start_map_key() {
    is_key_ = !innermost().container.how->skips();
    next_ = {&skip_value, nullptr};
    return true;
  }
  bool start_map_value() {
    if (innermost().container.how->skips()) {
      next_ = {&skip_value, nullptr};
    }
    return true;
  }
  bool end_map() {
    const frame &map = innermost();
    const char *missing = map.container.how->missing_field(map.container.at, map.seen);
    return missing == nullptr ? pop() : fail(std::string("field ") + missing + " is missing");
  }

  void parse_error(std::size_t, std::size_t) { fail("a mark that MessagePack does not use"); }
  void insufficient_bytes(std::size_t, std::size_t) {
    fail("bytes end inside a value");
    bytes_ended_ = true;
  }

private:
  /// A container that the parser is in. Left uninitialised until used: there are many, and mostly three are used.
  struct frame {
    place container;
    std::uint32_t index;       ///< of the next item
    std::uint32_t seen;        ///< fields, by bit
    std::uint64_t last_number; ///< of a field
  };

  frame &innermost() { return frames_[depth_ - 1]; }

  bool fail(std::string what) {
    why_ = std::move(what);
    return false;
  }
  bool accept(complaint what) { return what == nullptr || fail(what); }

  bool begin_value() {
    ++passed_;
    return !is_key_ || fail("wanted an unsigned integer");
  }
  /// Begins a value that is not nil.
  bool open_value() {
    if (!begin_value()) {
      return false;
    }
    next_ = next_.how->open(next_.at);
    return true;
  }
  bool visit_other() { return open_value() && accept(next_.how->take_other()); }

  /// The parser does not tell where it is, but these bytes do.
  bool pass(const char *data, std::uint32_t size) {
    if (size > 0) {
      passed_ = static_cast<std::uint64_t>(reinterpret_cast<const std::uint8_t *>(data) - bytes_.data()) + size;
    }
    return true;
  }
  [[nodiscard]] std::uint64_t left_at_most() const {
    return bytes_.size() - std::min<std::uint64_t>(bytes_.size(), passed_);
  }

  bool take_key(std::uint64_t number) {
    ++passed_;
    is_key_ = false;
    frame &map = innermost();
    if (map.container.how->fields_ascend() && number <= map.last_number) {
      return fail("field numbers do not ascend");
    }
    map.last_number = number;
    const intake::slot found = map.container.how->field_of(map.container.at, number);
    if ((map.seen & found.bit) != 0) {
      return fail(std::string("field ") + found.name + " comes twice");
    }
    map.seen |= found.bit;
    next_ = found.bit == 0 ? place{&skip_value, nullptr} : found.where;
    return true;
  }

  bool push() {
    if (next_.how->skips() && ++skipped_depth_ > skipped_depth_max) {
      return fail("values are nested too deep");
    }
    frames_[depth_++] = {next_, 0, 0, 0};
    return true;
  }
  bool pop() {
    if (innermost().container.how->skips()) {
      --skipped_depth_;
    }
    --depth_;
    return true;
  }

  std::span<const std::uint8_t> bytes_;
  const buffer *whole_;
  place next_;          ///< where the next value goes
  bool is_key_ = false; ///< the next value is a field's number
  bool bytes_ended_ = false;
  bool stopped_early_ = false;
  std::uint64_t passed_ = 0; ///< bytes behind the parser, at least
  memory_allowance memory_;
  std::array<frame, typed_depth_max + skipped_depth_max> frames_;
  unsigned depth_ = 0;
  unsigned skipped_depth_ = 0;
  std::string why_;
};

} // namespace

std::string decode_value(std::span<const std::uint8_t> bytes, const buffer *whole, place root,
                         memory_allowance memory) {
  visitor into(bytes, whole, root, memory);
  std::size_t at = 0;
  const bool complete = msgpack::parse(reinterpret_cast<const char *>(bytes.data()), bytes.size(), at, into);
  if (complete && at < bytes.size()) {
    return "bytes behind the end at byte " + std::to_string(at);
  }
  if (complete || into.stopped_early()) {
    return {};
  }
  // A refused value ends one byte behind where the parser stopped.
  return into.why() + " at byte " + std::to_string(into.bytes_ended() ? at : at + 1);
}

} // namespace outsize::wire
