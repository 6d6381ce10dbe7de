// The fields of a message as lines of text, and their types in the words of docs/protocol.md: driven by `visit`, so
// that what a test compares cannot leave a field out.
//
// Thread rule: free functions without state.
#pragma once

#include "vectors.hpp"

#include <outsize/wire/messages.hpp>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace outsize::wire::test {

template <class T> struct type_words;
template <class T> std::string words_of() {
  if constexpr (std::is_enum_v<T>) {
    return words_of<std::underlying_type_t<T>>();
  } else if constexpr (std::is_integral_v<T>) {
    return "u" + std::to_string(8 * sizeof(T));
  } else {
    return type_words<T>::text();
  }
}

#define OUTSIZE_TYPE_WORDS(type, words)                                                                                \
  template <> struct type_words<type> {                                                                                \
    static std::string text() {                                                                                        \
      return words;                                                                                                    \
    }                                                                                                                  \
  }
OUTSIZE_TYPE_WORDS(std::string, "text");
OUTSIZE_TYPE_WORDS(buffer, "bytes");
OUTSIZE_TYPE_WORDS(digest, "bytes 16");
OUTSIZE_TYPE_WORDS(segment_id, "segment");
OUTSIZE_TYPE_WORDS(policy_step, "policy_step");
OUTSIZE_TYPE_WORDS(refusal, "refusal");
OUTSIZE_TYPE_WORDS(record_item, "record_item");
OUTSIZE_TYPE_WORDS(append_result, "append_result");
OUTSIZE_TYPE_WORDS(server_state, "server_state");
OUTSIZE_TYPE_WORDS(metadata_item, "metadata_item");
#undef OUTSIZE_TYPE_WORDS
template <class T> struct type_words<std::vector<T>> {
  static std::string text() { return "array of " + words_of<T>(); }
};
template <class T> struct type_words<std::optional<T>> {
  static std::string text() { return words_of<T>() + ", optional"; }
};

class fields_text {
public:
  template <class T> static std::vector<std::string> of(const T &message) {
    fields_text made;
    made.add_struct("", message);
    return made.lines_;
  }

private:
  void line(const std::string &name, const std::string &value) { lines_.push_back(name + " = " + value); }

  template <class T> void add_struct(const std::string &prefix, const T &value) {
    T::visit(value, [&](unsigned, const auto &field, const char *name) { add(prefix + name, field); });
  }
  void add(const std::string &name, const std::string &value) { line(name, '"' + value + '"'); }
  void add(const std::string &name, const buffer &value) { line(name, "0x" + to_hex(value.text())); }
  void add(const std::string &name, const digest &value) {
    line(name, "0x" + to_hex({reinterpret_cast<const char *>(value.data()), value.size()}));
  }
  void add(const std::string &name, const segment_id &value) {
    line(name, "[" + std::to_string(value.log) + ", " + std::to_string(value.index) + "]");
  }
  template <class T> void add(const std::string &name, const std::vector<T> &value) {
    if (value.empty()) {
      line(name, "[]");
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      add(name + "[" + std::to_string(i) + "]", value[i]);
    }
  }
  template <class T> void add(const std::string &name, const std::optional<T> &value) {
    if (value) {
      add(name, *value);
    }
  }
  template <class T> void add(const std::string &name, const T &value) {
    if constexpr (std::is_enum_v<T>) {
      line(name, std::to_string(static_cast<std::underlying_type_t<T>>(value)));
    } else if constexpr (std::is_integral_v<T>) {
      line(name, std::to_string(value));
    } else {
      add_struct(name + ".", value);
    }
  }

  std::vector<std::string> lines_;
};

} // namespace outsize::wire::test
