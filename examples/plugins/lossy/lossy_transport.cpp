// The transport `lossy`: another transport that loses every Nth message and says that it was sent.
//
// What a host can rely on is only an answer; this plugin is how to try whether a host knows that. It is also the
// example of a transport that is made of another one: it offers outsize::transport to the host above, and uses
// outsize::transport_handle, the user's side of the same contract, for the transport below.
#include "wrapped_module.hpp"

#include <outsize/module.hpp>
#include <outsize/transport.hpp>
#include <outsize/transport_handle.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace lossy {

using namespace outsize;

constexpr std::string_view prefix = "lossy+";

class lossy_transport final : public transport {
public:
  /// The address below is what stands behind "lossy+".
  static constexpr std::array<const char *, 3> schemes = {"lossy+tcp", "lossy+zeromq+tcp", "lossy+inmemory"};

  static std::span<const outsize_param> params() {
    static constexpr std::array table = {
        param::path("module", nullptr, "The transport module to wrap; its parameters keep their defaults."),
        param::integer("drop-every", "10", "Every message of this number is lost, counted over all links; 0: none.", 0,
                       INT64_MAX),
    };
    return table;
  }

  static result<std::unique_ptr<transport>> create(const transport_setup &setup) {
    const result<wrapped_module> module = wrapped_module::load(std::string(setup.params.text("module")));
    if (!module) {
      return module.error();
    }
    transport_handle::options how;
    how.host = setup.host.table();
    how.params = module->params;
    how.message_bytes_max = setup.message_bytes_max;
    how.memory_bytes_max = setup.memory_bytes_max;
    result<std::unique_ptr<transport_handle>> below = transport_handle::open(module->api, how);
    if (!below) {
      return std::move(below).error();
    }
    return std::unique_ptr<transport>(
        std::make_unique<lossy_transport>(*std::move(below), setup.events, setup.params.bytes("drop-every")));
  }

  lossy_transport(std::unique_ptr<transport_handle> below, transport_events events, std::uint64_t drop_every)
      : below_(std::move(below)), events_(events), drop_every_(drop_every) {
    below_->set_handler([this](transport_event &&event) { pass_on(std::move(event)); });
  }

  result<std::string> listen(std::string_view address) override {
    result<std::string> bound = below_->listen(address_below(address));
    return bound ? result<std::string>(std::string(prefix) + *bound) : bound;
  }
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override {
    return below_->connect(address_below(address), token);
  }
  void disconnect(outsize_link link) override { below_->disconnect(link); }
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override {
    return below_->set_link_limit(link, bytes);
  }

  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override {
    if (is_next_lost() && would_take(link, parts)) {
      ++taken_;
      return send_outcome::done; // a lie that the contract allows: a completion is no receipt (rule T-03)
    }
    std::vector<buffer> copies(parts.begin(), parts.end());
    const result<transport_handle::sent> outcome = below_->send(link, copies, token);
    if (!outcome) {
      return outcome.error();
    }
    taken_ += *outcome == transport_handle::sent::busy ? 0 : 1;
    return outcome_above(*outcome);
  }

  time_point poll(std::uint32_t budget, time_point now) override { return below_->poll(budget, now); }
  int event_fd() override { return below_->event_fd(); }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override { return below_->link_stats(link, stats); }
  void begin_close() override { below_->begin_close(); }
  bool closed() override { return below_->closed(); }

private:
  static std::string address_below(std::string_view address) {
    return std::string(address.starts_with(prefix) ? address.substr(prefix.size()) : address);
  }
  static send_outcome outcome_above(transport_handle::sent below) {
    switch (below) {
    case transport_handle::sent::queued:
      return send_outcome::queued;
    case transport_handle::sent::done:
      return send_outcome::done;
    case transport_handle::sent::busy:
      break;
    }
    return send_outcome::busy;
  }
  [[nodiscard]] bool is_next_lost() const { return drop_every_ != 0 && (taken_ + 1) % drop_every_ == 0; }

  /// A message that the transport below refuses is refused, never lost: too-large comes at once and every time (T-02).
  bool would_take(outsize_link link, std::span<const buffer> parts) {
    std::uint64_t bytes = 0;
    for (const buffer &part : parts) {
      bytes += part.size();
    }
    outsize_link_stats stats{};
    return below_->link_stats(link, stats) && bytes <= stats.limit_bytes;
  }

  /// Runs inside of the poll of the transport below, which runs inside of ours (rule T-04).
  void pass_on(transport_event &&event) {
    using kind = transport_event::kind;
    switch (event.what) {
    case kind::link_up:
      return events_.link_up(event.link, event.token, event.peer);
    case kind::link_down:
      return events_.link_down(event.link, event.token, event.why);
    case kind::message:
      return events_.message(event.link, std::move(event.parts));
    case kind::completion:
      return events_.completion(event.link, event.token, event.why.code == code::ok ? nullptr : &event.why);
    case kind::writable:
      return events_.writable(event.link);
    case kind::oversize:
      return events_.oversize(event.link, event.peer, event.actual_bytes, event.limit_bytes);
    }
  }

  std::unique_ptr<transport_handle> below_;
  transport_events events_;
  std::uint64_t drop_every_;
  std::uint64_t taken_ = 0; // messages so far, lost ones included
};

} // namespace lossy

OUTSIZE_MODULE("org.example.lossy", "lossy", "Example", "1.0.0", "Apache-2.0",
               outsize::transport_component<lossy::lossy_transport>("lossy",
                                                                    "another transport that loses every Nth message"))
