// Where decoded values go. The decoder walks the bytes and hands each value to the intake of the C++ type that stands
// in its place; the intake takes it or says what is wrong with it.
#pragma once

#include <outsize/buffer.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace outsize::wire {

/// What is wrong with a value, in words that outlive the decoding; null: nothing.
using complaint = const char *;

class intake;
/// An object that waits for a value, and how it takes it. Without an intake: the decoder may stop here.
struct place {
  const intake *how;
  void *at;
};

/// Memory that decoding may still allocate for what arrays declare. It is made from the bytes that are really there, so
/// what a message declares costs nothing that it has not paid for.
class memory_allowance {
public:
  explicit memory_allowance(std::uint64_t bytes) : left_(bytes) {}
  [[nodiscard]] bool take(std::uint64_t bytes) {
    if (bytes > left_) {
      return false;
    }
    left_ -= bytes;
    return true;
  }

private:
  std::uint64_t left_;
};

/// How values of one type are taken in. Stateless; `at` points to an object of that type. What a type does not expect,
/// it complains about with wanted().
class intake {
public:
  /// A field of a struct: its place, name and bit among the fields seen. Without a bit: unknown, to be skipped.
  struct slot {
    place where{};
    const char *name = nullptr;
    std::uint32_t bit = 0;
  };

  [[nodiscard]] virtual complaint wanted() const = 0;
  /// True for what passes over a value of any type.
  [[nodiscard]] virtual bool skips() const { return false; }
  /// Where a value that is not nil goes.
  virtual place open(void *at) const { return {this, at}; }

  virtual complaint take_nil(void * /*at*/) const { return wanted(); }
  virtual complaint take_integer(void * /*at*/, std::uint64_t /*value*/) const { return wanted(); }
  virtual complaint take_text(void * /*at*/, std::string_view /*text*/) const { return wanted(); }
  /// `whole`: the buffer that the bytes lie in, to be shared; null when there is none.
  virtual complaint take_bytes(void * /*at*/, std::span<const std::uint8_t> /*bytes*/, const buffer * /*whole*/) const {
    return wanted();
  }
  /// Booleans, signed and floating numbers, extensions: the protocol has none.
  virtual complaint take_other() const { return wanted(); }

  virtual complaint begin_array(void * /*at*/, std::uint32_t /*count*/, memory_allowance & /*memory*/) const {
    return wanted();
  }
  virtual place item(void * /*at*/, std::uint32_t /*index*/) const { return {nullptr, nullptr}; }

  virtual complaint begin_map() const { return wanted(); }
  [[nodiscard]] virtual slot field_of(void * /*at*/, std::uint64_t /*number*/) const { return {}; }
  /// The name of a field that must be there and is not among those seen; null: none.
  [[nodiscard]] virtual const char *missing_field(void * /*at*/, std::uint32_t /*seen*/) const { return nullptr; }
  /// Must field numbers ascend? Then an encoding is unique.
  [[nodiscard]] virtual bool fields_ascend() const { return false; }

protected:
  constexpr intake() = default;
  constexpr ~intake() = default; // intakes are constants, nobody deletes one
};

} // namespace outsize::wire
