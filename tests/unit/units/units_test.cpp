#include <host/units/units.hpp>

#include <catch2/catch.hpp>

#include <array>
#include <limits>

using namespace outsize;
using namespace outsize::host;
using namespace std::chrono_literals;

namespace {
constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

std::string refusal(const result<std::uint64_t> &outcome) {
  return outcome ? "taken" : outcome.error().text;
}
std::string refusal(const result<duration> &outcome) {
  return outcome ? "taken" : outcome.error().text;
}
} // namespace

TEST_CASE("units: sizes are read with and without a unit") {
  CHECK(parse_bytes("0").value() == 0);
  CHECK(parse_bytes("4096").value() == 4096);
  CHECK(parse_bytes("512B").value() == 512);
  CHECK(parse_bytes("4KiB").value() == 4096);
  CHECK(parse_bytes("32MiB").value() == 33'554'432);
  CHECK(parse_bytes("32 MiB").value() == 33'554'432);
  CHECK(parse_bytes("2GiB").value() == 2'147'483'648);
  CHECK(parse_bytes("1TiB").value() == 1'099'511'627'776);
}

TEST_CASE("units: the largest size is read, one more is refused") {
  CHECK(parse_bytes("18446744073709551615").value() == u64_max);
  CHECK(refusal(parse_bytes("18446744073709551616")) ==
        "\"18446744073709551616\" is not a size: the number is too large");
  CHECK(parse_bytes("16777215TiB").value() == u64_max - ((std::uint64_t{1} << 40) - 1));
  CHECK(refusal(parse_bytes("16777216TiB")) == "\"16777216TiB\" is not a size: the number is too large");
}

TEST_CASE("units: a size that cannot be read is quoted with the reason") {
  CHECK(refusal(parse_bytes("")) == "\"\" is not a size: it does not begin with a whole number");
  CHECK(refusal(parse_bytes("big")) == "\"big\" is not a size: it does not begin with a whole number");
  CHECK(refusal(parse_bytes("-1")) == "\"-1\" is not a size: it does not begin with a whole number");
  CHECK(refusal(parse_bytes("32MB")) == "\"32MB\" is not a size: unknown unit \"MB\"");
  CHECK(refusal(parse_bytes("32mib")) == "\"32mib\" is not a size: unknown unit \"mib\"");
  CHECK(refusal(parse_bytes("1.5MiB")) == "\"1.5MiB\" is not a size: unknown unit \".5MiB\"");
  CHECK(refusal(parse_bytes("32  MiB")) == "\"32  MiB\" is not a size: unknown unit \" MiB\"");
  CHECK(refusal(parse_bytes("4 ")) == "\"4 \" is not a size: unknown unit \" \"");
  CHECK(parse_bytes("32MB").error().code == code::invalid_argument);
  CHECK(parse_bytes("32MB").error().remedy == "write a whole number and B, KiB, MiB, GiB or TiB, for instance 32MiB");
}

TEST_CASE("units: durations are read with their unit") {
  CHECK(parse_duration("7ns").value() == 7ns);
  CHECK(parse_duration("7us").value() == 7us);
  CHECK(parse_duration("250ms").value() == 250ms);
  CHECK(parse_duration("2s").value() == 2s);
  CHECK(parse_duration("5m").value() == 5min);
  CHECK(parse_duration("3h").value() == 3h);
  CHECK(parse_duration("7d").value() == 168h);
}

TEST_CASE("units: a duration that cannot be read is quoted with the reason") {
  CHECK(refusal(parse_duration("250")) == "\"250\" is not a duration: the unit is missing");
  CHECK(refusal(parse_duration("2 weeks")) == "\"2 weeks\" is not a duration: unknown unit \"weeks\"");
  CHECK(refusal(parse_duration("106752d")) == "\"106752d\" is not a duration: the number is too large");
  CHECK(parse_duration("106751d").has_value());
}

TEST_CASE("units: what is formatted is read back as it was") {
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1023}, std::uint64_t{1024}, std::uint64_t{1025},
        std::uint64_t{33'554'432}, std::uint64_t{33'554'433}, u64_max}) {
    CHECK(parse_bytes(format_bytes(bytes)).value() == bytes);
  }
  for (const duration time :
       {duration{0}, duration{1}, duration{1500ms}, duration{90s}, duration{48h}, duration::max()}) {
    CHECK(parse_duration(format_duration(time)).value() == time);
  }
  CHECK(format_bytes(33'554'432) == "32MiB");
  CHECK(format_bytes(33'554'433) == "33554433B");
  CHECK(format_bytes(0) == "0B");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(48h) == "2d");
  CHECK(format_duration(0ns) == "0s");
  CHECK(format_duration(-2s) == "-2s");
}

TEST_CASE("units: the nearest name is the one with the fewest edits, or none") {
  constexpr std::array<std::string_view, 3> names = {"message-limit", "memory-budget", "listen"};
  CHECK(nearest_name("mesage-limit", names) == "message-limit");
  CHECK(nearest_name("memory-buget", names) == "memory-budget");
  CHECK(nearest_name("listne", names) == "listen");
  CHECK(nearest_name("zzzzzz", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("listen", {}).empty());
  CHECK(did_you_mean("listne", names) == " (did you mean \"listen\"?)");
  CHECK(did_you_mean("zzzzzz", names).empty());
}
