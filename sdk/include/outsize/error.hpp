// Errors as values: a code, what may be done about it, and text for a human.
//
// Thread rule: plain values; distinct objects may be used from any thread.
#pragma once

#include <outsize/abi/error_codes.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace outsize {

enum class code : std::uint32_t {
  ok = 0,
#define OUTSIZE_ERROR_ENUMERATOR(name, number, retry, scope, cause, remedy) name = number,
  OUTSIZE_ERROR_CODES(OUTSIZE_ERROR_ENUMERATOR)
#undef OUTSIZE_ERROR_ENUMERATOR
};

/// Can the same call ever succeed, and after what?
enum class retry_class : std::uint8_t {
  never = OUTSIZE_RETRY_NEVER,               ///< do not send this again
  after_change = OUTSIZE_RETRY_AFTER_CHANGE, ///< only after somebody changed config, name or permission
  later = OUTSIZE_RETRY_LATER,               ///< the same call may pass later
  reconnect = OUTSIZE_RETRY_RECONNECT,       ///< on a new link
};

/// What a failure is about; everything outside of it is unharmed.
enum class error_scope : std::uint8_t {
  record = OUTSIZE_SCOPE_RECORD,
  link = OUTSIZE_SCOPE_LINK,
  peer = OUTSIZE_SCOPE_PEER,
  log = OUTSIZE_SCOPE_LOG,
  node = OUTSIZE_SCOPE_NODE,
  cluster = OUTSIZE_SCOPE_CLUSTER,
};

/// What the table of codes says about one of them; a code from a newer peer gets the row of `internal` with retry
/// `never`, so that nobody repeats what he does not understand.
struct code_facts {
  code value;
  std::string_view name;
  retry_class retry;
  error_scope scope;
  std::string_view cause;
  std::string_view remedy;
};

constexpr code_facts facts_of(code value) {
  switch (value) {
#define OUTSIZE_ERROR_FACTS(name, number, retry, scope, cause, remedy)                                                 \
  case code::name:                                                                                                     \
    return {code::name, #name, retry_class{OUTSIZE_RETRY_##retry}, error_scope{OUTSIZE_SCOPE_##scope}, cause, remedy};
    OUTSIZE_ERROR_CODES(OUTSIZE_ERROR_FACTS)
#undef OUTSIZE_ERROR_FACTS
  case code::ok:
    return {code::ok, "ok", retry_class::never, error_scope::record, "no error", ""};
  }
  return {value,
          "unknown",
          retry_class::never,
          error_scope::peer,
          "a code that this version does not know",
          "upgrade this side"};
}

constexpr std::string_view name_of(code value) {
  return facts_of(value).name;
}

constexpr std::string_view name_of(retry_class value) {
  switch (value) {
  case retry_class::never:
    return "never";
  case retry_class::after_change:
    return "after-change";
  case retry_class::later:
    return "later";
  case retry_class::reconnect:
    return "reconnect";
  }
  return "never";
}

/// The one function that answers whether a failed call may be tried again.
constexpr retry_class retry_of(code value) {
  return facts_of(value).retry;
}

/// A failure. `text` says what was wrong, with the value; `remedy` what to do; `peer` who said so, when it was not us.
struct error {
  outsize::code code = code::internal;
  std::uint64_t actual_bytes = 0; ///< 0 where no size is involved
  std::uint64_t limit_bytes = 0;
  std::string text;
  std::string remedy; ///< empty: the table's remedy for the code holds
  std::string peer;

  [[nodiscard]] retry_class retry() const { return retry_of(code); }
  [[nodiscard]] error_scope scope() const { return facts_of(code).scope; }
  [[nodiscard]] std::string_view remedy_text() const {
    return remedy.empty() ? facts_of(code).remedy : std::string_view{remedy};
  }
};

inline error make_error(code value, std::string text, std::string remedy = {}) {
  error made;
  made.code = value;
  made.text = std::move(text);
  made.remedy = std::move(remedy);
  return made;
}

/// A failure about a size: `what` is over `limit_bytes`.
inline error size_error(code value, std::string text, std::uint64_t actual_bytes, std::uint64_t limit_bytes) {
  error made = make_error(value, std::move(text));
  made.actual_bytes = actual_bytes;
  made.limit_bytes = limit_bytes;
  return made;
}

namespace detail {
inline void copy_text(std::string_view from, char *to, std::size_t to_bytes) {
  const std::size_t count = from.size() < to_bytes - 1 ? from.size() : to_bytes - 1;
  std::memcpy(to, from.data(), count);
  to[count] = '\0';
}
inline std::string text_of(const char *from, std::size_t from_bytes) {
  return std::string(from, strnlen(from, from_bytes));
}
} // namespace detail

/// Writes into the caller's storage; text that does not fit is cut. A null `to` is allowed.
inline void to_abi(const error &from, outsize_error *to) {
  if (to == nullptr) {
    return;
  }
  to->code = static_cast<std::uint32_t>(from.code);
  to->retry = static_cast<std::uint8_t>(from.retry());
  to->scope = static_cast<std::uint8_t>(from.scope());
  to->actual_bytes = from.actual_bytes;
  to->limit_bytes = from.limit_bytes;
  detail::copy_text(from.text, to->text, sizeof to->text);
  detail::copy_text(from.remedy, to->remedy, sizeof to->remedy);
}

/// An outsize_error ready to be handed to a plugin.
inline outsize_error empty_abi_error() {
  outsize_error made{};
  made.struct_size = sizeof made;
  return made;
}

inline error from_abi(const outsize_error &from) {
  error made;
  made.code = static_cast<code>(from.code);
  made.actual_bytes = from.actual_bytes;
  made.limit_bytes = from.limit_bytes;
  made.text = detail::text_of(from.text, sizeof from.text);
  made.remedy = detail::text_of(from.remedy, sizeof from.remedy);
  return made;
}

} // namespace outsize
