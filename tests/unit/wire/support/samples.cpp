#include "samples.hpp"

namespace outsize::wire::test {
namespace {

constexpr segment_id orders_segment{3, 2};

digest bytes_from(std::uint8_t first) {
  digest made;
  for (std::uint8_t &byte : made) {
    byte = first++;
  }
  return made;
}

server_state sample_state() {
  return {4130, 4128, 1, 6};
}

policy_step sample_step() {
  return {"split-to-256M", "decline", "larger than max-record-size"};
}

refusal sample_refusal() {
  return {code::too_large,
          41943040,
          33554432,
          "record of 41943040 bytes is over the limit of log orders",
          "shrink it",
          "n1",
          stage::admission,
          "log orders",
          "orders",
          "billing",
          2,
          {sample_step()},
          retry_class::never};
}

} // namespace

record_header sample_record_header() {
  record_header made;
  made.producer = {"billing", 2, 41, 40};
  made.has_key = true;
  made.key = "customer-17";
  made.headers = {{"type", "invoice"}, {"trace", std::string("\x00\xff", 2)}};
  return made;
}

rope sample_body() {
  rope body(encode_record_header(sample_record_header()).value());
  body.append(buffer::copy_of("hello, log"));
  return body;
}

entry_header sample_entry_header(offset_t offset) {
  const rope body = sample_body();
  entry_header made;
  made.segment = orders_segment;
  made.offset = offset;
  made.generation = 6;
  made.kind = entry_kind::data;
  made.timestamp_ms = 1'700'000'000'123;
  made.record_header_bytes = static_cast<std::uint32_t>(encode_record_header(sample_record_header()).value().size());
  made.payload_bytes = body.size() - made.record_header_bytes;
  made.content = digest_of(body);
  return made;
}

split_record sample_split_record() {
  return {4129, 4180, 40, 1'048'576, 41'943'040, digest_of(sample_body())};
}

spilled_record sample_spilled_record() {
  return {"archive", "3/2/12", 41'943'040, digest_of(sample_body()), 8'388'608, bytes_from(0x20)};
}

aborted_set sample_aborted_set() {
  return {17, 17'827'840, "the client went away"};
}

template <> hello sample<hello>() {
  hello made;
  made.protocol_min = 1;
  made.protocol_max = 1;
  made.role = peer_role::node;
  made.link = link_class::stores;
  made.cluster = bytes_from(0x10);
  made.cluster_name = "demo";
  made.node = "n3";
  made.generation = 6;
  made.message_limit_bytes = 32 * 1024 * 1024;
  made.part_window_bytes = 4 * 1024 * 1024;
  made.capabilities = 0;
  made.append_window_bytes = 8 * 1024 * 1024;
  return made;
}
template <> welcome sample<welcome>() {
  welcome made;
  static_cast<hello &>(made) = sample<hello>();
  made.node = "n1";
  made.generation = 5;
  return made;
}
template <> goodbye sample<goodbye>() {
  return {to_refusal(make_error(code::shutting_down, "node n3 is shutting down"))};
}
template <> ping sample<ping>() {
  return {};
}
template <> pong sample<pong>() {
  return {};
}
template <> part sample<part>() {
  return {9, 300, 5'000'000, 1'048'000};
}
template <> credit sample<credit>() {
  return {1'048'576};
}
template <> failure sample<failure>() {
  return {sample_refusal()};
}
template <> withdraw sample<withdraw>() {
  return {9};
}

template <> append sample<append>() {
  const entry_header entry = sample_entry_header();
  return {"orders", {{entry.record_header_bytes, entry.payload_bytes, entry.content}}, 5'000, 1};
}
template <> appended sample<appended>() {
  append_result taken;
  taken.offset = 4129;
  taken.entry_bytes = 260;
  taken.stored = stored_as::spilled;
  taken.fragments = 3;
  taken.store = "archive";
  taken.duplicate = 1;
  taken.policy_trace = {sample_step()};
  append_result refused;
  refused.refused = sample_refusal();
  return {{taken, refused}};
}
template <> read sample<read>() {
  return {"orders", 4129, 5000, 100, 1'048'576, 250};
}
template <> records sample<records>() {
  return {{encode_entry_header(sample_entry_header())}, 4130, 4131, 17};
}
template <> find_tail sample<find_tail>() {
  return {"orders", 1};
}
template <> tail sample<tail>() {
  return {4130, orders_segment, "n3", 6};
}

template <> open_append sample<open_append>() {
  return {"orders", 41'943'040, 30'000, 1, 2};
}
template <> append_opened sample<append_opened>() {
  append_opened made{3, 1'048'576, 4'194'304, {}};
  made.outcome.emplace();
  made.outcome->refused = sample_refusal();
  return made;
}
template <> append_piece sample<append_piece>() {
  return {3, 17, digest_of(sample_body())};
}
template <> piece_taken sample<piece_taken>() {
  piece_taken made;
  made.outcome.emplace();
  made.outcome->refused = sample_refusal();
  return made;
}
template <> finish_append sample<finish_append>() {
  return {3, digest_of(sample_body())};
}
template <> append_finished sample<append_finished>() {
  append_finished made;
  made.outcome.offset = 4129;
  made.outcome.entry_bytes = 310;
  made.outcome.stored = stored_as::split;
  made.outcome.fragments = 40;
  made.outcome.policy_trace = {sample_step()};
  return made;
}
template <> abandon_append sample<abandon_append>() {
  return {3};
}
template <> read_payload sample<read_payload>() {
  return {"orders", 4129, 1'048'576, 524'288};
}
template <> payload_piece sample<payload_piece>() {
  return {1'048'576, 41'943'040};
}

template <> store sample<store>() {
  return {orders_segment, 6, 1, store_is_repair, 4129, 17, 4129, 2'000, {encode_entry_header(sample_entry_header())}};
}
template <> stored sample<stored>() {
  return {orders_segment, sample_state(), sample_refusal()};
}
template <> seal sample<seal>() {
  return {orders_segment, 7, 4129};
}
template <> sealed sample<sealed>() {
  return {orders_segment, sample_state(), sample_refusal()};
}
template <> fetch sample<fetch>() {
  return {orders_segment, 4129, 4200, 64, 1'048'576, fetch_beyond_tail, 4130};
}
template <> fetched sample<fetched>() {
  return {orders_segment, sample_state(), {encode_entry_header(sample_entry_header())}, 4132, {4130, 4131}};
}
template <> list_entries sample<list_entries>() {
  return {orders_segment, 4129, 4200, 64};
}
template <> entries sample<entries>() {
  return {orders_segment,
          sample_state(),
          {encode_entry_header(sample_entry_header(4129)), encode_entry_header(sample_entry_header(4130))},
          4131};
}
template <> describe_segment sample<describe_segment>() {
  return {orders_segment};
}
template <> segment_state sample<segment_state>() {
  return {orders_segment, sample_state()};
}
template <> release sample<release>() {
  return {orders_segment, 6, 4130};
}

template <> fetch_set sample<fetch_set>() {
  return {orders_segment, 12, 3, 40, 1'048'576, 4130};
}
template <> set_fetched sample<set_fetched>() {
  return {orders_segment, sample_state(), {encode_entry_header(sample_entry_header())}, 5, {4130, 4131}};
}

template <> sync_metadata sample<sync_metadata>() {
  return {12, 1'000};
}
template <> metadata sample<metadata>() {
  return {bytes_from(0x10), 13, {{"log/orders", 13, R"({"number":3})"}}};
}
template <> update_metadata sample<update_metadata>() {
  return {"log/orders", 13, R"({"number":3,"policies":["reject"]})"};
}
template <> metadata_updated sample<metadata_updated>() {
  return {1, {"log/orders", 14, R"({"number":3,"policies":["reject"]})"}};
}

template <> command sample<command>() {
  return {"log-describe", R"({"log":"orders"})"};
}
template <> command_result sample<command_result>() {
  return {R"({"log":"orders","sequencer":"n3"})"};
}

template <> rope sample_payload<append>() {
  return sample_body();
}
template <> rope sample_payload<records>() {
  return sample_body();
}
template <> rope sample_payload<store>() {
  return sample_body();
}
template <> rope sample_payload<open_append>() {
  return rope(encode_record_header(sample_record_header()).value());
}
template <> rope sample_payload<append_piece>() {
  return sample_body();
}
template <> rope sample_payload<payload_piece>() {
  return sample_body();
}
template <> rope sample_payload<set_fetched>() {
  return sample_body();
}
template <> rope sample_payload<fetched>() {
  return sample_body();
}

} // namespace outsize::wire::test
