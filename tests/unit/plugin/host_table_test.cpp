#include <host/plugin/host_table.hpp>

#include <outsize/host.hpp>

#include <catch2/catch.hpp>

#include <vector>

using namespace outsize;
using namespace outsize::host;
using namespace std::chrono_literals;

TEST_CASE("host table: log, clock, random and services reach the plugin") {
  std::vector<std::string> lines;
  host_table made({.log =
                       [&](std::uint32_t level, std::string_view component, std::string_view text) {
                         lines.push_back(std::to_string(level) + " " + std::string(component) + ": " +
                                         std::string(text));
                       },
                   .now = [] { return time_point{7s}; },
                   .random = [] { return std::uint64_t{42}; }});
  const int service = 1;
  made.offer("org.example.service/1", &service);
  const host_services host(made.table());
  host.log(OUTSIZE_LOG_WARN, "tcp", "slow peer");
  made.table()->log(made.table()->context, OUTSIZE_LOG_INFO, nullptr, nullptr);
  CHECK(lines == std::vector<std::string>{"2 tcp: slow peer", "1 plugin: "});
  CHECK(host.now() == time_point{7s});
  CHECK(host.random() == 42);
  CHECK(host.service<int>("org.example.service/1") == &service);
  CHECK(host.service<int>("org.example.service/2") == nullptr);
  CHECK(made.table()->get_service(made.table()->context, nullptr) == nullptr);
}
