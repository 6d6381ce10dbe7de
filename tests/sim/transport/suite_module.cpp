// The simulated transport as a plugin file, so that the shared suite can load it the way a host loads plugins. The
// suite's host knows no network: instances of one host share one that is kept here.
#include "sim/transport/simulated_transport.hpp"

#include <map>
#include <memory>
#include <utility>

namespace outsize::sim {

namespace {

std::shared_ptr<network> network_of(const outsize_host *host) {
  static std::map<const outsize_host *, std::weak_ptr<network>> worlds;
  std::shared_ptr<network> found = worlds[host].lock();
  if (found == nullptr) {
    found = std::make_shared<network>(random_source(1));
    path_quality wire;
    wire.delay = {};
    wire.bytes_per_second = 1'000'000'000;
    found->set_usual_path(wire);
    found->set_polled(true);
    worlds[host] = found;
  }
  return found;
}

/// A simulated transport that keeps its network alive.
class suite_transport : public transport {
public:
  static constexpr auto schemes = simulated_transport::schemes;
  static std::span<const outsize_param> params() { return simulated_transport::params(); }
  static result<std::unique_ptr<transport>> create(const transport_setup &setup) {
    std::shared_ptr<network> net = network_of(setup.host.table());
    result<std::unique_ptr<transport>> inner = simulated_transport::create_on({net.get(), "suite"}, setup);
    if (!inner) {
      return inner.error();
    }
    return std::unique_ptr<transport>(new suite_transport(std::move(net), std::move(inner).value()));
  }

  result<std::string> listen(std::string_view address) override { return inner_->listen(address); }
  result<outsize_link> connect(std::string_view address, std::uint64_t token) override {
    return inner_->connect(address, token);
  }
  void disconnect(outsize_link link) override { inner_->disconnect(link); }
  result<void> set_link_limit(outsize_link link, std::uint64_t bytes) override {
    return inner_->set_link_limit(link, bytes);
  }
  result<send_outcome> send(outsize_link link, std::span<const buffer> parts, std::uint64_t token) override {
    return inner_->send(link, parts, token);
  }
  time_point poll(std::uint32_t budget, time_point now) override { return inner_->poll(budget, now); }
  int event_fd() override { return inner_->event_fd(); }
  bool link_stats(outsize_link link, outsize_link_stats &stats) override { return inner_->link_stats(link, stats); }
  void begin_close() override { inner_->begin_close(); }
  bool closed() override { return inner_->closed(); }

private:
  suite_transport(std::shared_ptr<network> net, std::unique_ptr<transport> inner)
      : net_(std::move(net)), inner_(std::move(inner)) {}

  std::shared_ptr<network> net_;
  std::unique_ptr<transport> inner_; ///< goes before its network
};

} // namespace

} // namespace outsize::sim

OUTSIZE_MODULE("org.outsize.simulated", "simulated", "Outsize", "0.1.0", "Apache-2.0",
               outsize::transport_component<outsize::sim::suite_transport>("simulated",
                                                                           "links over a simulated network"))
