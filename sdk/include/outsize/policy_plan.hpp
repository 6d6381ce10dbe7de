// What a size policy answers: a plan, as a value of fixed size that is made without allocating.
//
// Thread rule: plain values; distinct objects may be used from any thread.
#pragma once

#include <outsize/abi/size_policy.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace outsize {

/// A sentence put together in place: text and whole numbers. What does not fit is cut, at the end of a character.
class plan_text {
public:
  plan_text &operator<<(std::string_view text) {
    const std::size_t room = text_.size() - size_;
    std::size_t count = text.size() < room ? text.size() : room;
    while (count < text.size() && count > 0 && (static_cast<unsigned char>(text[count]) & 0xC0U) == 0x80U) {
      --count; // never half of a UTF-8 character
    }
    std::memcpy(text_.data() + size_, text.data(), count);
    size_ += count;
    return *this;
  }
  plan_text &operator<<(std::uint64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }

private:
  std::array<char, OUTSIZE_PLAN_REASON_BYTES - 1> text_{};
  std::size_t size_ = 0;
};

/// A plan for one record. `decline` asks the next policy of the chain, everything else ends it.
class policy_plan {
public:
  /// Not mine: the next policy is asked. `why` goes into the policy trace, so say it for the operator.
  static policy_plan decline(std::string_view why) { return with_reason(OUTSIZE_PLAN_DECLINE, why); }
  static policy_plan decline(const plan_text &why) { return decline(why.view()); }

  /// The record is refused, and no other policy is asked.
  static policy_plan reject(std::string_view why) { return with_reason(OUTSIZE_PLAN_REJECT, why); }
  static policy_plan reject(const plan_text &why) { return reject(why.view()); }

  /// The payload is cut into fragments of `fragment_bytes` each, the last one may be smaller.
  static policy_plan split(std::uint64_t fragment_bytes) {
    policy_plan made(OUTSIZE_PLAN_SPLIT);
    made.raw_.fragment_bytes = fragment_bytes;
    return made;
  }

  /// The payload goes to the blob store of that configured name; a reference is appended.
  static policy_plan spill(std::string_view blob_store) {
    policy_plan made(OUTSIZE_PLAN_SPILL);
    copy(blob_store, made.raw_.blob_store, sizeof made.raw_.blob_store);
    return made;
  }

  /// The same plan; the record is also logged and counted as large.
  [[nodiscard]] policy_plan with_warning() const {
    policy_plan made = *this;
    made.raw_.warn = 1;
    return made;
  }

  /// The same plan of split or spill; `what` stands beside it in the policy trace.
  [[nodiscard]] policy_plan with_remark(const plan_text &what) const {
    policy_plan made = *this;
    copy(what.view(), made.raw_.reason, sizeof made.raw_.reason);
    return made;
  }

  /// A plan as it came across the line.
  explicit policy_plan(const outsize_policy_plan &raw) : raw_(raw) {}

  [[nodiscard]] std::uint32_t kind() const { return raw_.kind; } ///< OUTSIZE_PLAN_*, or a number nobody knows
  [[nodiscard]] std::uint64_t fragment_bytes() const { return raw_.fragment_bytes; }
  [[nodiscard]] std::string_view blob_store() const { return text_of(raw_.blob_store, sizeof raw_.blob_store); }
  [[nodiscard]] std::string_view reason() const { return text_of(raw_.reason, sizeof raw_.reason); }
  [[nodiscard]] bool warns() const { return raw_.warn != 0; }
  [[nodiscard]] const outsize_policy_plan &raw() const { return raw_; }

private:
  explicit policy_plan(std::uint32_t kind) {
    raw_.struct_size = sizeof raw_;
    raw_.kind = kind;
  }
  static policy_plan with_reason(std::uint32_t kind, std::string_view why) {
    policy_plan made(kind);
    plan_text cut;
    cut << why;
    copy(cut.view(), made.raw_.reason, sizeof made.raw_.reason);
    return made;
  }
  static void copy(std::string_view from, char *to, std::size_t to_bytes) {
    const std::size_t count = from.size() < to_bytes - 1 ? from.size() : to_bytes - 1;
    std::memcpy(to, from.data(), count);
    to[count] = '\0';
  }
  static std::string_view text_of(const char *from, std::size_t from_bytes) {
    const void *end = std::memchr(from, '\0', from_bytes); // a plugin may have forgotten it
    return {from, end == nullptr ? from_bytes : static_cast<std::size_t>(static_cast<const char *>(end) - from)};
  }
  outsize_policy_plan raw_{};
};

} // namespace outsize
