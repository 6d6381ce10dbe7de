// A client that does something now and then: between two calls nobody drives its links, and the node closes them.
#include "support/cluster_case.hpp"

#include <algorithm>
#include <filesystem>

using namespace outsize;
using namespace outsize::test;

namespace {

/// Open sockets of a process: a connection that a node has closed is not among them.
std::ptrdiff_t sockets_of(pid_t process) {
  const std::filesystem::directory_iterator descriptors("/proc/" + std::to_string(process) + "/fd");
  return std::count_if(begin(descriptors), end(descriptors), [](const std::filesystem::directory_entry &one) {
    std::error_code gone; // it may be closed meanwhile
    return std::filesystem::read_symlink(one, gone).string().starts_with("socket:");
  });
}

} // namespace

CLUSTER_CASE("idle client: its next append commits, whatever became of its links") {
  cluster nodes(kind);
  nodes.start_all();
  client_session client = nodes.connect("n3");
  const wire::append_result first = client.append("orders", payload_of(100, 1));
  REQUIRE(refusal_text(first) == "");
  const pid_t node = nodes.node("n3").pid();
  const std::ptrdiff_t before = sockets_of(node);
  await("n3 has closed the links of the client", [&] { return sockets_of(node) <= before - 2; });
  const wire::append_result second = client.append("orders", payload_of(100, 2));
  REQUIRE(refusal_text(second) == "");
  CHECK(second.offset == first.offset + 1);
  nodes.shut_down();
}
