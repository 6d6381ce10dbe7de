// The append of one record whose payload comes in pieces: opened, sent, finished; begun again where it was cut off.
//
//   waiting    for a connection, or a while before it is begun again
//   opening    open_append is out: it fits as it is, is refused, or may come in pieces
//   sending    pieces are read from the source as the window has room for them
//   finishing  every piece was taken, finish_append is out
//   whole      it fits: its owner sends it as any other record
//   over       its owner was told
//
// Until finish_append is out nothing can have become visible, so whatever ends the append before that is a refusal.
//
// A machine: answers are written down when they come and acted on in run.
//
// Thread rule: one thread. `then` is called inside run.
#pragma once

#include "connection.hpp"

#include <outsize/client/client.hpp>
#include <outsize/wire/codec.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace outsize::client {

class append_stream : public std::enable_shared_from_this<append_stream> {
public:
  struct request {
    std::string log;
    std::string producer;
    buffer record_header; ///< encoded
    payload_source payload;
    bool is_in_memory = false; ///< the source holds all of the payload
    time_point deadline = never;
    client::appended then;
  };

  /// `turn` keeps its pieces apart from other messages on the link; never the same twice, not 0.
  append_stream(connection &to, request what, std::uint64_t turn);

  /// Once, before anything else: how long answers are waited for is what is left to the deadline now.
  void begin(time_point now);
  /// From here on it may be sent. Before that it only watches its deadline, and that only without a connection.
  void start() { is_started_ = true; }
  [[nodiscard]] bool is_started() const { return is_started_; }
  /// Does what there is to do at `now`.
  void run(time_point now);
  [[nodiscard]] time_point next_time() const;
  /// An answer came since the last run.
  [[nodiscard]] bool has_news() const { return !news_.empty(); }

  [[nodiscard]] bool is_over() const { return phase_ == phase::over; }
  [[nodiscard]] bool is_whole() const { return phase_ == phase::whole; }
  [[nodiscard]] const request &what() const { return what_; }
  /// How long each answer is waited for; after begin.
  [[nodiscard]] duration patience() const { return patience_; }
  /// Hands the request over, to be sent whole.
  request take();
  /// Ends it with a refusal that the owner found out by itself.
  void refuse(const error &why);
  /// Bytes that it keeps in memory.
  [[nodiscard]] std::uint64_t held_bytes() const;

private:
  enum class phase { waiting, opening, sending, finishing, whole, over };
  /// An answer that came since the last run.
  struct news {
    wire::kind asked{};
    std::uint32_t index = 0;
    result<wire::incoming> reply;
  };
  struct sent_piece {
    std::uint64_t number = 0; ///< of the request
    std::uint64_t bytes = 0;
  };

  void take_news(time_point now);
  void on_opened(const result<wire::incoming> &reply, time_point now);
  void on_taken(std::uint32_t index, const result<wire::incoming> &reply, time_point now);
  void on_finished(const result<wire::incoming> &reply, time_point now);
  void on_failure(const error &why, time_point now);
  void on_outcome(wire::append_result outcome, time_point now);
  void look_at_the_time(time_point now);

  void open();
  void send_pieces(time_point now);
  bool send_piece();
  void finish();
  std::uint64_t ask(wire::outgoing message, std::uint32_t index = 0);
  void drop_requests();
  bool begin_again(time_point now);
  void settle(wire::append_result outcome);
  [[nodiscard]] bool waits_for_answer() const;

  connection &connection_;
  request what_;
  std::uint64_t turn_;
  phase phase_ = phase::waiting;
  bool is_started_ = false;
  duration patience_ = duration::max();
  time_point heard_at_{};
  time_point again_at_{};
  std::uint32_t restarts_ = 0;
  bool was_begun_ = false; ///< by an earlier try: "later" means that this one waits
  std::optional<wire::append_result> waits_because_;

  std::uint64_t attempt_ = 0; ///< answers to an earlier one are nobody's
  std::deque<news> news_;
  wire::link_id link_ = 0;
  std::uint64_t request_ = 0; ///< open_append or finish_append
  std::uint64_t stream_ = 0;
  std::uint64_t piece_bytes_ = 0;
  std::uint64_t window_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0; ///< of the payload
  std::uint32_t next_index_ = 0;
  std::uint64_t unanswered_bytes_ = 0;
  std::map<std::uint32_t, sent_piece> unanswered_; ///< by index
  std::optional<wire::running_digest> whole_;
};

/// A source of what is in memory already.
payload_source source_of(rope payload);

/// The refusal of an append that the client itself makes.
wire::append_result refused_here(const std::string &log, const error &why);

} // namespace outsize::client
