// A peer that speaks a transport as it should and says whatever the test wants: wrong hellos, messages it may not send,
// fields that make no sense.
//
// Thread rule: one thread at a time.
#pragma once

#include <outsize/suite/test_host.hpp>
#include <outsize/transport_handle.hpp>
#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outsize::faults {

class rogue {
public:
  /// Its link is up, or the test fails.
  explicit rogue(const std::string &address);
  rogue(const rogue &) = delete;
  rogue &operator=(const rogue &) = delete;

  /// What a good client says first.
  static wire::hello client_hello();
  /// Says it and waits for the welcome; the test fails when none comes.
  void greet(const wire::hello &as = client_hello());

  template <class Message> void send(const Message &message, std::uint64_t number = 0, const rope &payload = {}) {
    send_parts(wire::seal_envelope(wire::encode(message), Message::number, number), payload);
  }
  /// A header part as it is. Waits while the transport is busy, for as long as the link is up.
  void send_parts(buffer header, const rope &payload = {});

  /// Gives signs of life and nothing else.
  void ping_until_down(time_point deadline);
  /// Until the node has ended the link; false at the deadline.
  [[nodiscard]] bool await_down(time_point deadline);
  /// Until an answer to `number` has come, or the first part of one: its kind and, for a failure, why.
  struct answer {
    wire::kind what{};
    wire::refusal why;
    buffer header;
  };
  [[nodiscard]] std::optional<answer> await_answer(std::uint64_t number, time_point deadline);

private:
  bool run_until(const std::function<bool()> &done, time_point deadline);
  void on_event(transport_event &&event);

  suite::test_host host_; // outlives the transport
  std::unique_ptr<transport_handle> transport_;
  outsize_link link_ = 0;
  bool is_up_ = false;
  bool is_down_ = false;
  bool is_welcome_ = false;
  std::vector<std::pair<std::uint64_t, answer>> answers_; ///< by number, in the order they came
};

} // namespace outsize::faults
