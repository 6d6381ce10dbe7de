#include <outsize/error.hpp>
#include <outsize/result.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace outsize;

TEST_CASE("error: a code answers what may be done about it") {
  CHECK(retry_of(code::too_large) == retry_class::never);
  CHECK(retry_of(code::busy) == retry_class::later);
  CHECK(retry_of(code::link_down) == retry_class::reconnect);
  CHECK(retry_of(code::bad_config) == retry_class::after_change);
  CHECK(facts_of(code::too_large).scope == error_scope::record);
  CHECK(name_of(code::too_large) == "too_large");
}

TEST_CASE("error: a code of a newer peer is never tried again") {
  const auto unknown = static_cast<code>(4711);
  CHECK(retry_of(unknown) == retry_class::never);
  CHECK(name_of(unknown) == "unknown");
  CHECK(facts_of(unknown).remedy == "upgrade this side");
}

TEST_CASE("error: every code about a size is final") {
  for (const code about_size : {code::too_large, code::header_too_large, code::rejected_by_policy}) {
    CHECK(retry_of(about_size) == retry_class::never);
  }
}

TEST_CASE("error: one's own remedy goes before the table's") {
  CHECK(make_error(code::disk_full, "full").remedy_text() == facts_of(code::disk_full).remedy);
  CHECK(make_error(code::disk_full, "full", "buy a disk").remedy_text() == "buy a disk");
}

TEST_CASE("error: it crosses the line and comes back") {
  outsize_error raw = empty_abi_error();
  to_abi(size_error(code::too_large, "text", 5, 4), &raw);
  CHECK(raw.retry == OUTSIZE_RETRY_NEVER);
  CHECK(raw.scope == OUTSIZE_SCOPE_RECORD);
  const error back = from_abi(raw);
  CHECK(back.code == code::too_large);
  CHECK(back.actual_bytes == 5);
  CHECK(back.limit_bytes == 4);
  CHECK(back.text == "text");
  to_abi(make_error(code::internal, "x"), nullptr); // no storage, no crash
}

TEST_CASE("error: text that does not fit the storage is cut and ended (one below, at, one above)") {
  for (const std::size_t bytes :
       {OUTSIZE_ERROR_TEXT_BYTES - 2U, OUTSIZE_ERROR_TEXT_BYTES - 1U, OUTSIZE_ERROR_TEXT_BYTES + 0U}) {
    outsize_error raw = empty_abi_error();
    to_abi(make_error(code::internal, std::string(bytes, 'x')), &raw);
    CHECK(from_abi(raw).text.size() == std::min<std::size_t>(bytes, OUTSIZE_ERROR_TEXT_BYTES - 1U));
  }
}

TEST_CASE("error: text that a plugin forgot to end is read to the end of its storage") {
  outsize_error raw = empty_abi_error();
  std::fill(std::begin(raw.text), std::end(raw.text), 'x');
  CHECK(from_abi(raw).text.size() == OUTSIZE_ERROR_TEXT_BYTES);
}
