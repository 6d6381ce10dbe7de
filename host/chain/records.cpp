#include "host/chain/records.hpp"

#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace outsize::host {

namespace {

using nlohmann::json;

error bad_record(std::string_view what, const std::string &why) {
  return make_error(code::malformed, fmt::format("{} in the metadata store: {}", what, why),
                    "restore the metadata store from a copy, or upgrade this node");
}

json to_json(const segment_record &segment) {
  json made{{"index", segment.index},
            {"base", segment.base},
            {"generation", segment.generation},
            {"sequencer", segment.sequencer},
            {"nodeset", segment.nodeset},
            {"replication", segment.replication},
            {"segment-limit", segment.segment_limit_bytes},
            {"limit-owner", segment.limit_owner}};
  if (segment.end.has_value()) {
    made["end"] = *segment.end;
  }
  return made;
}

segment_record segment_from(const json &from) {
  segment_record made;
  from.at("index").get_to(made.index);
  from.at("base").get_to(made.base);
  from.at("generation").get_to(made.generation);
  from.at("sequencer").get_to(made.sequencer);
  from.at("nodeset").get_to(made.nodeset);
  from.at("replication").get_to(made.replication);
  from.at("segment-limit").get_to(made.segment_limit_bytes);
  from.at("limit-owner").get_to(made.limit_owner);
  if (from.contains("end")) {
    made.end = from.at("end").get<offset_t>();
  }
  return made;
}

/// The chain is what reads and repairs lean on: a hole or an overlap in it must not be worked with.
void check_chain(const log_record &log) {
  for (std::size_t i = 0; i < log.chain.size(); ++i) {
    const segment_record &segment = log.chain[i];
    const bool last = i + 1 == log.chain.size();
    if (segment.index != i || (i > 0 && log.chain[i - 1].end != segment.base) || (!last && !segment.end.has_value())) {
      throw std::runtime_error(fmt::format("segment {} does not follow the one before it", i));
    }
  }
}

/// Runs `read` on the parsed text; whatever nlohmann throws becomes an error value.
template <class Record, class Read> result<Record> decode(std::string_view what, std::string_view text, Read &&read) {
  try {
    return read(json::parse(text));
  } catch (const std::exception &thrown) {
    return bad_record(what, thrown.what());
  }
}

} // namespace

std::string encode(const node_record &record) {
  return json{
      {"name", record.name},           {"generation", record.generation}, {"message-limit", record.message_limit_bytes},
      {"addresses", record.addresses}, {"log-server", record.log_server}, {"sequencer", record.sequencer}}
      .dump();
}

std::string encode(const log_record &record) {
  json chain = json::array();
  for (const segment_record &segment : record.chain) {
    chain.push_back(to_json(segment));
  }
  return json{{"id", record.id},
              {"name", record.name},
              {"sequencer", record.sequencer},
              {"nodeset", record.nodeset},
              {"replication", record.replication},
              {"policies", record.policies},
              {"message-limit", record.message_limit_bytes},
              {"trim-point", record.trim_point},
              {"chain", chain}}
      .dump();
}

std::string encode(const blob_store_record &record) {
  return json{{"name", record.name}, {"marker", record.marker}}.dump();
}

result<node_record> decode_node_record(std::string_view text) {
  return decode<node_record>("node record", text, [](const json &from) {
    node_record made;
    from.at("name").get_to(made.name);
    from.at("generation").get_to(made.generation);
    from.at("message-limit").get_to(made.message_limit_bytes);
    from.at("addresses").get_to(made.addresses);
    from.at("log-server").get_to(made.log_server);
    from.at("sequencer").get_to(made.sequencer);
    return made;
  });
}

result<log_record> decode_log_record(std::string_view text) {
  return decode<log_record>("log record", text, [](const json &from) {
    log_record made;
    from.at("id").get_to(made.id);
    from.at("name").get_to(made.name);
    from.at("sequencer").get_to(made.sequencer);
    from.at("nodeset").get_to(made.nodeset);
    from.at("replication").get_to(made.replication);
    from.at("policies").get_to(made.policies);
    from.at("message-limit").get_to(made.message_limit_bytes);
    from.at("trim-point").get_to(made.trim_point);
    for (const json &segment : from.at("chain")) {
      made.chain.push_back(segment_from(segment));
    }
    check_chain(made);
    return made;
  });
}

result<blob_store_record> decode_blob_store_record(std::string_view text) {
  return decode<blob_store_record>("blob store record", text, [](const json &from) {
    return blob_store_record{from.at("name").get<std::string>(), from.at("marker").get<std::string>()};
  });
}

result<void> check_log_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  const bool fits = !name.empty() && name.size() <= wire::log_name_bytes_max && name.front() != '.' &&
                    name.front() != '-' && std::all_of(name.begin(), name.end(), allowed);
  if (fits) {
    return {};
  }
  return make_error(
      code::invalid_argument,
      fmt::format("log name \"{}\" is not 1 to {} characters of a-z A-Z 0-9 . _ -, beginning with a letter, "
                  "digit or _",
                  name.substr(0, 2 * wire::log_name_bytes_max), wire::log_name_bytes_max),
      "choose another name");
}

error unknown_log_error(const std::string &name) {
  if (result<void> legal = check_log_name(name); !legal) {
    return std::move(legal).error();
  }
  return make_error(code::unknown_log, fmt::format("there is no log named \"{}\"", name),
                    fmt::format("create it: outsize log create {}", name));
}

} // namespace outsize::host
