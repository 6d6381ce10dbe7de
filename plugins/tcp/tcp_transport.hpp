// Transport "tcp": links over TCP connections, driven by one epoll descriptor, which is the event_fd.
//
// Thread rule: that of outsize::transport. Name lookups are the only thing that happens on other threads.
#pragma once

#include "link.hpp"
#include "receive_budget.hpp"
#include "resolver.hpp"
#include "socket.hpp"

#include <outsize/transport.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace outsize::tcp {

class tcp_transport final : public transport {
public:
  static constexpr std::array<const char *, 1> schemes = {"tcp"};
  static std::span<const outsize_param> params();
  static result<std::unique_ptr<transport>> create(const transport_setup &setup);

  result<std::string> listen(std::string_view text) override;
  result<outsize_link> connect(std::string_view text, std::uint64_t token) override;
  void disconnect(outsize_link number) override;
  result<void> set_link_limit(outsize_link number, std::uint64_t bytes) override;
  result<send_outcome> send(outsize_link number, std::span<const buffer> parts, std::uint64_t token) override;
  time_point poll(std::uint32_t budget, time_point now) override;
  int event_fd() override { return epoll_.get(); }
  bool link_stats(outsize_link number, outsize_link_stats &stats) override;
  void begin_close() override;
  bool closed() override { return closing_ && links_.empty(); }

private:
  struct options {
    std::uint64_t queue_bytes;
    duration connect_timeout;
    duration stall_timeout;
    int backlog;
    std::uint64_t connections_max;
    buffer_sizes sizes;
  };
  struct listener {
    descriptor socket;
    std::string where;
  };

  tcp_transport(const transport_setup &setup, descriptor epoll, descriptor wake);

  // ---- tcp_transport.cpp: what the host asks for
  link *find(outsize_link number);
  link &make_link(const std::string &peer);
  void dial(link &one, const address &where);
  void try_next(link &one);
  void fail(link &one, const error &why);
  void watch(link &one);
  void list(link &one);
  send_outcome write_at_once(link &one, send_outcome outcome);
  void arm(bool on);

  // ---- tcp_loop.cpp: what poll does
  void serve_listed();
  void serve(link &one);
  void flush_listed();
  void serve_kernel();
  void serve_socket(link &one, std::uint32_t ready);
  void finish_connect(link &one);
  void accept_from(const listener &from);
  void admit(descriptor connection);
  void pause_accepting(const listener &from, int number);
  void watch_listeners(std::uint32_t interest);
  void flush(link &one);
  void read(link &one);
  void deliver(link &one, std::span<const std::uint8_t> &bytes);
  void tell_completions(link &one);
  void tell_down(link &one);
  void take_resolved();
  void grant_memory();
  void expire_dials();
  void expire_stalled();
  time_point next_time();

  const host_services host_;
  const transport_events events_;
  const options options_;
  const std::uint64_t message_bytes_max_;
  const descriptor epoll_;
  const descriptor wake_;              // readable while links are listed that the kernel says nothing about
  std::unique_ptr<resolver> resolver_; // made for the first name
  std::vector<listener> listeners_;
  receive_budget budget_; // before links_: they give back to it
  std::unordered_map<outsize_link, std::unique_ptr<link>> links_;
  std::vector<outsize_link> listed_;   // links that may have work
  std::vector<outsize_link> dialling_; // links with a deadline
  std::vector<std::uint8_t> scratch_;  // what any link reads into
  outsize_link last_link_ = 0;
  std::uint64_t accepted_ = 0;      // links that were accepted and are not gone
  std::uint64_t turned_away_ = 0;   // connections over connections-max
  time_point accept_again_ = never; // accepting is paused until then
  bool closing_ = false;
  bool polling_ = false;
  bool armed_ = false;
  std::uint64_t polls_ = 1;       // the how manieth poll is the last or present one
  std::uint32_t events_left_ = 0; // of poll's budget
  time_point now_{};              // of the last poll
  std::uint64_t contention_ = 0;  // counts the times that memory ran short
  bool contended_ = false;
  duration stall_clock_{}; // time in which stalled links could have moved, see expire_stalled
};

} // namespace outsize::tcp
