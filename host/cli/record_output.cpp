#include "record_output.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace outsize::host {
namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t payload_json_bytes_max = wire::mib;

/// Text as it is, other bytes as base64 under a name that says so.
void put_bytes(ordered_json &into, const std::string &name, const std::string &bytes) {
  if (is_utf8(bytes)) {
    into[name] = bytes;
  } else {
    into[name + "_base64"] = base64(rope(buffer::copy_of(bytes)));
  }
}

ordered_json headers_json(const wire::record_header &header) {
  ordered_json made = ordered_json::array();
  for (const wire::record_field &field : header.headers) {
    ordered_json one;
    put_bytes(one, "name", field.name);
    put_bytes(one, "value", field.value);
    made.push_back(std::move(one));
  }
  return made;
}

/// Where a large record's payload is kept.
void put_kept(ordered_json &into, const client::large_payload &large) {
  if (const auto *split = std::get_if<wire::split_record>(&large.kept); split != nullptr) {
    into["stored"] = "split";
    into["fragments"] = split->fragments;
  } else {
    into["stored"] = "spilled";
    into["store"] = std::get<wire::spilled_record>(large.kept).store;
  }
}

} // namespace

record_output::record_output(std::string log, const client::read_record &record, std::string file, bool no_payload,
                             console &to)
    : log_(std::move(log)), record_(record), file_name_(std::move(file)), no_payload_(no_payload), console_(to) {}

bool record_output::is_shown_in_json() const {
  return console_.json() && file_name_.empty() && !no_payload_ && record_.payload_bytes() <= payload_json_bytes_max;
}

result<void> record_output::begin() {
  if (file_name_.empty()) {
    return {};
  }
  result<std::unique_ptr<output_file>> made = output_file::create(file_name_);
  if (!made) {
    return made.error();
  }
  file_ = std::move(made).value();
  return {};
}

result<void> record_output::take(const rope &bytes) {
  if (console_.json()) {
    sha256_.add(bytes);
  }
  if (is_shown_in_json()) {
    shown_.append(bytes);
  }
  if (file_ != nullptr) {
    return file_->write(bytes);
  }
  if (!console_.json()) {
    console_.bytes(bytes);
  }
  return {};
}

result<void> record_output::finish() {
  if (file_ != nullptr) {
    if (result<void> finished = file_->finish(); !finished) {
      return finished;
    }
  }
  tell();
  return {};
}

void record_output::tell() const {
  if (!console_.json()) {
    if (file_ != nullptr) {
      console_.text(fmt::format("{} {}: {} bytes, {}\n", log_, record_.offset, record_.payload_bytes(), file_name_));
    }
    return;
  }
  ordered_json made{{"offset", record_.offset},
                    {"bytes", record_.payload_bytes()},
                    {"sha256", sha256_.hex()},
                    {"timestamp_ms", record_.timestamp_ms}};
  if (record_.header.has_key) {
    put_bytes(made, "key", record_.header.key);
  }
  made["headers"] = headers_json(record_.header);
  if (!record_.header.producer.producer.empty()) {
    made["producer"] = record_.header.producer.producer;
    made["sequence"] = record_.header.producer.sequence;
  }
  if (record_.large.has_value()) {
    put_kept(made, *record_.large);
  }
  if (file_ != nullptr) {
    made["file"] = file_name_;
  } else if (is_shown_in_json()) {
    made["payload"] = base64(shown_);
  }
  console_.object(made);
}

} // namespace outsize::host
