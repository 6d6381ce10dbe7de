#include <host/plugin/param_values.hpp>

#include <outsize/params.hpp>

#include <catch2/catch.hpp>

using namespace outsize;
using namespace outsize::host;

namespace {

param_info declared(std::string name, std::uint32_t type, std::optional<std::string> default_text) {
  param_info made;
  made.name = std::move(name);
  made.type = type;
  made.flags = default_text ? 0U : OUTSIZE_PARAM_REQUIRED;
  made.default_text = std::move(default_text);
  made.documentation = "What it does.";
  return made;
}

component_info sample() {
  component_info made;
  made.kind = "outsize.size-policy/1";
  made.name = "sample";
  made.params = {declared("fast", OUTSIZE_PARAM_BOOL, "false"),    declared("threads", OUTSIZE_PARAM_INTEGER, "2"),
                 declared("limit", OUTSIZE_PARAM_BYTES, "4KiB"),   declared("wait", OUTSIZE_PARAM_DURATION, "250ms"),
                 declared("name", OUTSIZE_PARAM_STRING, ""),       declared("directory", OUTSIZE_PARAM_PATH, ""),
                 declared("mode", OUTSIZE_PARAM_CHOICE, "careful")};
  made.params[1].number_min = 1;
  made.params[1].number_max = 16;
  made.params[2].number_min = 4096;
  made.params[2].number_max = 65536;
  made.params[3].number_min = 1'000'000;
  made.params[3].number_max = INT64_MAX;
  made.params[6].choices = {"careful", "hasty"};
  return made;
}

result<param_values> check(const std::vector<written_param> &written, const component_info &component = sample()) {
  return check_params(component, {written, "/etc/outsize", "demo.toml:10"});
}

result<param_values> check(const std::string &name, written_value value) {
  return check({{name, std::move(value), "demo.toml:12"}});
}

std::string refusal(const std::string &name, written_value value) {
  const auto outcome = check(name, std::move(value));
  return outcome ? "taken" : outcome.error().text;
}

std::int64_t number(const std::string &name, written_value value) {
  const auto outcome = check(name, std::move(value));
  REQUIRE(outcome.has_value());
  return param_view(outcome->values().data(), static_cast<std::uint32_t>(outcome->values().size())).number(name);
}

std::string text(const std::string &name, const std::string &value) {
  const auto outcome = check(name, value);
  REQUIRE(outcome.has_value());
  return std::string(
      param_view(outcome->values().data(), static_cast<std::uint32_t>(outcome->values().size())).text(name));
}

} // namespace

TEST_CASE("params: every declared parameter is passed, in order, with its default") {
  const auto values = check(std::vector<written_param>{});
  REQUIRE(values.has_value());
  REQUIRE(values->values().size() == 7);
  const auto all = values->values();
  CHECK(all[0].name == std::string("fast"));
  CHECK(all[1].number == 2);
  CHECK(all[2].number == 4096);
  CHECK(all[3].number == 250'000'000);
  CHECK(all[5].text == std::string());
  CHECK(all[6].text == std::string("careful"));
  for (const outsize_param_value &value : all) {
    CHECK(value.is_default == 1);
  }
}

TEST_CASE("params: values stay where they are when moved") {
  auto values = check("name", std::string("short"));
  REQUIRE(values.has_value());
  const param_values moved = *std::move(values);
  CHECK(moved.values()[4].text == std::string("short"));
  CHECK(moved.values()[4].name == std::string("name"));
  CHECK(moved.values()[4].is_default == 0);
}

TEST_CASE("params: each type is read from what the operator wrote") {
  CHECK(number("fast", true) == 1);
  CHECK(number("threads", std::int64_t{16}) == 16);
  CHECK(number("limit", std::string("8KiB")) == 8192);
  CHECK(number("limit", std::int64_t{8192}) == 8192);
  CHECK(number("wait", std::string("5m")) == 300'000'000'000);
  CHECK(text("name", "x y") == "x y");
  CHECK(text("mode", "hasty") == "hasty");
}

TEST_CASE("params: relative paths start at the folder of the config, absolute ones do not") {
  CHECK(text("directory", "data/blobs") == "/etc/outsize/data/blobs");
  CHECK(text("directory", "../blobs") == "/etc/blobs");
  CHECK(text("directory", "/var/blobs") == "/var/blobs");
  CHECK(text("directory", "").empty());
}

TEST_CASE("params: a wrong type is refused with place, value and what is expected") {
  CHECK(refusal("fast", std::string("yes")) == "demo.toml:12: fast = \"yes\": not true or false");
  CHECK(refusal("threads", std::string("2")) == "demo.toml:12: threads = \"2\": not a whole number");
  CHECK(refusal("threads", 2.5) == "demo.toml:12: threads = 2.5: not a whole number");
  CHECK(refusal("limit", true) == "demo.toml:12: limit = true: not a size; write for instance \"32MiB\"");
  CHECK(refusal("limit", std::string("8KB")) ==
        "demo.toml:12: limit = \"8KB\": \"8KB\" is not a size: unknown unit \"KB\"");
  CHECK(refusal("wait", std::int64_t{5}) == "demo.toml:12: wait = 5: not a duration; write for instance \"250ms\"");
  CHECK(refusal("wait", std::string("5")) ==
        "demo.toml:12: wait = \"5\": \"5\" is not a duration: the unit is missing");
  CHECK(refusal("name", std::int64_t{5}) == "demo.toml:12: name = 5: not a string");
  CHECK(refusal("directory", false) == "demo.toml:12: directory = false: not a string");
  CHECK(refusal("name", std::string("a\0b", 3)).find("has a zero byte in it") != std::string::npos);
  CHECK(check("fast", std::string("yes")).error().code == code::bad_config);
  CHECK(check("fast", std::string("yes")).error().remedy == "outsize plugin params sample lists them");
}

TEST_CASE("params: bounds hold one below, at and one above (integer, bytes, duration)") {
  CHECK(refusal("threads", std::int64_t{0}) == "demo.toml:12: threads = 0: must be 1 to 16");
  CHECK(number("threads", std::int64_t{1}) == 1);
  CHECK(refusal("threads", std::int64_t{17}) == "demo.toml:12: threads = 17: must be 1 to 16");
  CHECK(refusal("limit", std::int64_t{4095}) == "demo.toml:12: limit = 4095: must be 4KiB to 64KiB");
  CHECK(number("limit", std::int64_t{4096}) == 4096);
  CHECK(number("limit", std::string("64KiB")) == 65536);
  CHECK(refusal("limit", std::string("65537B")) == "demo.toml:12: limit = \"65537B\": must be 4KiB to 64KiB");
  CHECK(refusal("wait", std::string("999us")) == "demo.toml:12: wait = \"999us\": must be at least 1ms");
  CHECK(number("wait", std::string("1ms")) == 1'000'000);
}

TEST_CASE("params: sizes that no 64 bits hold are refused") {
  component_info component = sample();
  component.params[2].number_min = component.params[2].number_max = 0;
  const auto refused = [&](written_value value) {
    return check({{"limit", std::move(value), ""}}, component).error().text;
  };
  CHECK(refused(std::int64_t{-1}) == "limit = -1: a size is never negative");
  CHECK(refused(std::string("9223372036854775808")) == "limit = \"9223372036854775808\": the size is too large");
  CHECK(check({{"limit", std::string("9223372036854775807"), ""}}, component).has_value());
}

TEST_CASE("params: a choice is one of its choices") {
  CHECK(refusal("mode", std::string("hastey")) ==
        "demo.toml:12: mode = \"hastey\": must be one of careful, hasty (did you mean \"hasty\"?)");
  CHECK(refusal("mode", std::string("")) == "demo.toml:12: mode = \"\": must be one of careful, hasty");
}

TEST_CASE("params: an unknown parameter is refused with the nearest one") {
  CHECK(refusal("limt", std::int64_t{1}) ==
        "demo.toml:12: size policy \"sample\" has no parameter \"limt\" (did you mean \"limit\"?)");
  CHECK(refusal("colour", std::int64_t{1}) == "demo.toml:12: size policy \"sample\" has no parameter \"colour\"");
}

TEST_CASE("params: a parameter given twice is refused") {
  const auto outcome = check({{"fast", true, "demo.toml:12"}, {"fast", true, "demo.toml:13"}});
  CHECK(outcome.error().text == "demo.toml:13: parameter \"fast\" is given twice");
}

TEST_CASE("params: a required parameter that is missing is refused with the place of its section") {
  component_info component = sample();
  component.params.push_back(declared("blob-store", OUTSIZE_PARAM_STRING, std::nullopt));
  CHECK(check(std::vector<written_param>{}, component).error().text ==
        "demo.toml:10: size policy \"sample\" needs the parameter \"blob-store\": What it does.");
  CHECK(check({{"blob-store", std::string("archive"), ""}}, component).has_value());
}

TEST_CASE("params: a secret is never shown, whatever is wrong with it") {
  component_info component = sample();
  for (param_info &param : component.params) {
    param.flags = OUTSIZE_PARAM_SECRET;
  }
  for (const char *const name : {"fast", "threads", "limit", "wait"}) {
    const auto outcome = check({{name, std::string("hunter2"), ""}}, component);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().text.find("hunter2") == std::string::npos);
    CHECK(outcome.error().text.find("(secret)") != std::string::npos);
  }
}

TEST_CASE("params: a deprecated one is read, with a warning") {
  component_info component = sample();
  component.params[0].flags = OUTSIZE_PARAM_DEPRECATED;
  CHECK(check({{"fast", true, "demo.toml:12"}}, component)->warnings() ==
        std::vector<std::string>{"demo.toml:12: parameter \"fast\" is deprecated"});
  CHECK(check(std::vector<written_param>{}, component)->warnings().empty());
}
