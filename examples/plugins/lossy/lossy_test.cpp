#include <outsize/suite/catch.hpp>
#include <outsize/suite/transport_rig.hpp>
#include <outsize/suite/transport_suite.hpp>

using namespace outsize::suite;

namespace {

/// With nothing lost it is a transport like any other, so the whole suite holds.
transport_factory lossy(const std::string &drop_every) {
  transport_factory made;
  made.name = "lossy";
  made.module_path = LOSSY_PLUGIN;
  made.listen_address = [](unsigned) { return std::string("lossy+tcp://127.0.0.1:0"); };
  made.params = {{"module", LOSSY_WRAPS}, {"drop-every", drop_every}};
  return made;
}

OUTSIZE_TRANSPORT_SUITE(lossy("0"));

} // namespace

TEST_CASE("lossy: every third message is lost, and completed like the others", "[transport]") {
  const transport_factory factory = lossy("3");
  couple pair(factory);
  for (std::uint64_t number = 1; number <= 9; ++number) {
    const message one = message_of(100, number);
    REQUIRE(pair.near.send(pair.link.near, one, pair.near.next_token()).has_value());
  }
  REQUIRE(pair.rig.run_until([&] { return pair.far.at(pair.link.far).messages.size() >= 6; }));
  REQUIRE(pair.rig.settle());
  const std::vector<message> &came = pair.far.at(pair.link.far).messages;
  REQUIRE(came.size() == 6);
  const std::uint64_t kept[] = {1, 2, 4, 5, 7, 8};
  for (std::size_t i = 0; i < came.size(); ++i) {
    CHECK(same(came[i], message_of(100, kept[i])));
  }
}

TEST_CASE("lossy: a message over the limit is refused although it would have been lost", "[transport]") {
  const transport_factory factory = lossy("1");
  couple pair(factory);
  const message big = message_of(pair.near.limit() + 1);
  const auto outcome = pair.near.send(pair.link.near, big, pair.near.next_token());
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().code == outsize::code::too_large);
}
