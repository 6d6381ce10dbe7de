#include "client_session.hpp"

#include "await.hpp"
#include "transports.hpp"

#include <iterator>
#include <memory>
#include <utility>

namespace outsize::test {

namespace {

template <class T> T value_of(result<T> from) {
  if (!from) {
    FAIL(from.error().text);
  }
  return std::move(from).value();
}

client::client_options options_of(const std::string &address, std::uint64_t message_limit_bytes) {
  client::client_options made;
  made.addresses = {address};
  made.name = "test";
  made.message_limit_bytes = message_limit_bytes;
  made.connect_timeout = patience;
  made.request_timeout = patience;
  return made;
}

} // namespace

std::string refusal_text(const wire::append_result &outcome) {
  return outcome.refused.has_value() ? std::string(name_of(outcome.refused->why)) + ": " + outcome.refused->text
                                     : std::string{};
}

client_session::client_session(const std::string &address, std::uint64_t message_limit_bytes)
    : client_(open_transports({address}, host_.table(), message_limit_bytes),
              options_of(address, message_limit_bytes)) {
  connect();
}

void client_session::connect() {
  if (const result<void> connected = client_.connect(); !connected) {
    FAIL("no connection: " << connected.error().text);
  }
}

wire::append_result client_session::append(const std::string &log, rope payload) {
  return append_all(log, {std::move(payload)}).front();
}

std::vector<wire::append_result> client_session::append_all(const std::string &log, const std::vector<rope> &payloads) {
  connect();
  std::vector<wire::append_result> results(payloads.size());
  std::size_t answered = 0;
  const time_point deadline = steady_now() + patience;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    client_.machine().append(log, {payloads[i], {}}, deadline, [&results, &answered, i](wire::append_result result) {
      results[i] = std::move(result);
      ++answered;
    });
  }
  REQUIRE(client_.run_until([&] { return answered == payloads.size(); }, never));
  return results;
}

std::vector<client::read_record> client_session::read(const std::string &log, wire::offset_t from, wire::offset_t to) {
  std::vector<client::read_record> records;
  client::read_options how;
  how.from = from;
  how.to = to;
  while (how.from <= to) {
    client::read_batch batch = value_of(client_.read(log, how));
    if (batch.next <= how.from) {
      FAIL("reading log " << log << " stops at offset " << how.from << ", the tail is " << batch.global_tail);
    }
    how.from = batch.next;
    std::move(batch.records.begin(), batch.records.end(), std::back_inserter(records));
  }
  return records;
}

} // namespace outsize::test
