#include <outsize/transport.hpp>
#include <outsize/transport_handle.hpp>

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace outsize;

namespace {

/// Throws from every entry.
class broken final : public transport {
public:
  static constexpr std::array<const char *, 1> schemes = {"broken"};
  static std::span<const outsize_param> params() { return {}; }
  static result<std::unique_ptr<transport>> create(const transport_setup &) {
    return std::unique_ptr<transport>(std::make_unique<broken>());
  }
  result<std::string> listen(std::string_view) override { throw std::runtime_error("listen"); }
  result<outsize_link> connect(std::string_view, std::uint64_t) override { throw std::runtime_error("connect"); }
  void disconnect(outsize_link) override { throw std::runtime_error("disconnect"); }
  result<void> set_link_limit(outsize_link, std::uint64_t) override { throw std::runtime_error("set_link_limit"); }
  result<send_outcome> send(outsize_link, std::span<const buffer>, std::uint64_t) override {
    throw std::runtime_error("send");
  }
  time_point poll(std::uint32_t, time_point) override { throw std::runtime_error("poll"); }
  int event_fd() override { return -1; }
  bool link_stats(outsize_link, outsize_link_stats &) override { throw std::runtime_error("link_stats"); }
  void begin_close() override { throw std::runtime_error("begin_close"); }
  bool closed() override { throw std::runtime_error("closed"); }
};

std::unique_ptr<transport_handle> open() {
  static const outsize_host host{};
  auto made = transport_handle::open(transport_api<broken>(), {&host, {}, 4096, 8192});
  REQUIRE(made.has_value());
  return *std::move(made);
}

} // namespace

TEST_CASE("transport layer: no exception leaves a plugin, whichever entry it comes from") {
  const auto handle = open();
  CHECK(handle->listen("broken://x").error().text == "exception in plugin: listen");
  CHECK(handle->connect("broken://x", 1).error().text == "exception in plugin: connect");
  CHECK(handle->set_link_limit(1, 1).error().text == "exception in plugin: set_link_limit");
  handle->disconnect(1);
  CHECK(handle->poll(1, time_point{}) == time_point{}); // at once, so that it shows itself
  outsize_link_stats stats{};
  CHECK_FALSE(handle->link_stats(1, stats));
  handle->begin_close();
  CHECK_FALSE(handle->closed());
}

TEST_CASE("transport layer: after a send that threw the buffers are still the caller's") {
  const auto handle = open();
  std::vector<buffer> parts = {buffer::copy_of("header"), buffer::copy_of("payload")};
  CHECK(handle->send(1, parts, 1).error().text == "exception in plugin: send");
  REQUIRE(parts.size() == 2);
  CHECK(parts[1].text() == "payload");
}

TEST_CASE("transport layer: a handle knows the schemes of its transport") {
  const auto handle = open();
  CHECK(handle->serves("broken://x"));
  CHECK_FALSE(handle->serves("brokener://x"));
  CHECK_FALSE(handle->serves("tcp://x"));
}
