#include <outsize/client/client.hpp>
#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <optional>
#include <string>

using namespace outsize;

TEST_CASE("client: what it refuses by itself has the whole shape of a refusal") {
  client::client appending({}, {});
  client::record what;
  what.header.headers.push_back({"padding", std::string(wire::record_fields_bytes_max, 'x')});
  std::optional<wire::append_result> answer;
  appending.append("orders", what, never, [&](const wire::append_result &told) { answer = told; });
  REQUIRE(answer.has_value());
  REQUIRE(answer->refused.has_value());
  const wire::refusal &why = *answer->refused;
  CHECK(why.why == code::header_too_large);
  CHECK(why.at == wire::stage::admission);
  CHECK(why.actual_bytes > why.limit_bytes);
  CHECK(why.limit_bytes == wire::record_fields_bytes_max);
  CHECK(why.limit_source == "host");
  CHECK(why.log == "orders");
}
