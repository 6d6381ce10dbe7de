#include "host/node/blob_commands.hpp"

#include "host/blob/blob_key.hpp"
#include "host/blob/part_digests.hpp"
#include "host/node/command_arguments.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <utility>

namespace outsize::host {

using nlohmann::json;

namespace {

/// Of one answer: some 250 bytes of JSON each, well below the largest header part of a message.
constexpr std::uint32_t page_count_max = 4096;
constexpr auto list_timeout = std::chrono::seconds(25); ///< below what the tool waits for an answer

const char *name_of_state(std::uint32_t state) {
  switch (state) {
  case OUTSIZE_BLOB_STORE_READY:
    return "ready";
  case OUTSIZE_BLOB_STORE_FULL:
    return "full";
  case OUTSIZE_BLOB_STORE_FOREIGN:
    return "foreign";
  default:
    return "unavailable";
  }
}

/// The reference entries among records, in words.
result<json> references_in(const wire::records &records, const rope &payload) {
  json references = json::array();
  std::uint64_t at = 0;
  for (const buffer &raw : records.entry_headers) {
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header) {
      return header.error();
    }
    const std::uint64_t body_at = std::exchange(at, at + header->record_header_bytes + header->payload_bytes);
    if (header->kind != wire::entry_kind::reference) {
      continue;
    }
    const buffer body = payload.slice(body_at + header->record_header_bytes, header->payload_bytes).flatten();
    const result<wire::spilled_record> spilled = wire::decode_spilled_record(body.span());
    if (!spilled) {
      return make_error(spilled.error().code, fmt::format("offset {}: {}", header->offset, spilled.error().text));
    }
    references.push_back({{"offset", header->offset},
                          {"store", spilled->store},
                          {"key", spilled->key},
                          {"bytes", spilled->payload_bytes},
                          {"part_bytes", spilled->part_bytes},
                          {"parts", wire::to_hex(spilled->parts)}});
  }
  return references;
}

json page_json(const blob_page &page) {
  json blobs = json::array();
  for (const listed_blob &blob : page.blobs) {
    blobs.push_back({{"key", blob.key}, {"bytes", blob.bytes}, {"modified_s", blob.modified_unix_s}});
  }
  return {{"blobs", blobs}, {"more", page.more}};
}

json digests_json(const part_answer &parts) {
  json digests = json::array();
  for (const wire::digest &part : parts.digests) {
    digests.push_back(wire::to_hex(part));
  }
  return {{"digests", digests}, {"next", parts.next}, {"end", parts.is_end}};
}

void answer_with(const node_context &node, const asker &to, const result<json> &outcome) {
  if (outcome) {
    answer(node, to, wire::command_result{outcome->dump(-1, ' ', false, json::error_handler_t::replace)});
  } else {
    answer_error(node, to, outcome.error());
  }
}

} // namespace

void blob_commands::on_command(const asker &to, const std::string &name, const std::string &arguments) {
  const result<json> parsed = parse_arguments(name, arguments);
  if (!parsed) {
    answer_error(node_, to, parsed.error());
  } else if (name == "blob-stores") {
    list_stores(to);
  } else if (name == "blob-references") {
    list_references(to, parsed.value());
  } else if (node_.options.blobs == nullptr) {
    answer_error(node_, to,
                 make_error(code::not_found, fmt::format("node {} has no blob stores", node_.options.name),
                            "ask a node whose configuration has the [[blob-store]]"));
  } else if (name == "blob-list") {
    list_blobs(to, parsed.value());
  } else if (name == "blob-digests") {
    digest_parts(to, parsed.value());
  } else {
    answer_error(node_, to,
                 make_error(code::unsupported,
                            fmt::format("node {} has no command \"{}\"", node_.options.name, name.substr(0, 64))));
  }
}

void blob_commands::list_stores(const asker &to) const {
  answer_with(node_, to, json{{"stores", blob_stores_json(node_.options.blobs)}});
}

void blob_commands::list_references(const asker &to, const json &arguments) {
  const auto log = named_log(node_, arguments);
  const auto from = member<std::uint64_t>(arguments, "from", wire::first_offset);
  if (!log || !from) {
    answer_error(node_, to, log ? from.error() : log.error());
    return;
  }
  wire::read question;
  question.log = log.value()->name;
  question.from = from.value();
  question.count_max = page_count_max;
  reads_.read(
      std::move(question), [this, to, alive = alive_](const result<wire::records> &records, const rope &payload) {
        if (!*alive) {
          return;
        }
        result<json> found = records ? references_in(records.value(), payload) : records.error();
        answer_with(
            node_, to,
            found ? json{{"references", found.value()}, {"next", records->next}, {"global_tail", records->global_tail}}
                  : std::move(found));
      });
}

void blob_commands::list_blobs(const asker &to, const json &arguments) {
  const auto log = named_log(node_, arguments);
  const auto store = member<std::string>(arguments, "store", "");
  const auto after = member<std::string>(arguments, "after", "");
  for (const error *why :
       {log ? nullptr : &log.error(), store ? nullptr : &store.error(), after ? nullptr : &after.error()}) {
    if (why != nullptr) {
      answer_error(node_, to, *why);
      return;
    }
  }
  node_.options.blobs->list(store.value(), blob_prefix(log.value()->id), after.value(), page_count_max,
                            node_.now + list_timeout, [this, to, alive = alive_](const result<blob_page> &page) {
                              if (*alive) {
                                answer_with(node_, to, page ? page_json(page.value()) : result<json>(page.error()));
                              }
                            });
}

void blob_commands::digest_parts(const asker &to, const json &arguments) {
  const auto store = member<std::string>(arguments, "store", "");
  const auto key = member<std::string>(arguments, "key", "");
  const auto part_bytes = member<std::uint64_t>(arguments, "part-bytes", 0);
  const auto from = member<std::uint64_t>(arguments, "from", 0);
  for (const error *why : {store ? nullptr : &store.error(), key ? nullptr : &key.error(),
                           part_bytes ? nullptr : &part_bytes.error(), from ? nullptr : &from.error()}) {
    if (why != nullptr) {
      answer_error(node_, to, *why);
      return;
    }
  }
  if (part_bytes.value() == 0) {
    answer_error(node_, to, make_error(code::invalid_argument, "argument \"part-bytes\": parts of 0 bytes"));
    return;
  }
  read_part_digests(
      *node_.blobs, {store.value(), key.value(), from.value(), part_bytes.value()}, [this] { return node_.now; },
      [this, to, alive = alive_](const result<part_answer> &parts) {
        if (*alive) {
          answer_with(node_, to, parts ? digests_json(parts.value()) : result<json>(parts.error()));
        }
      });
}

json blob_stores_json(const blob_stores *stores) {
  json made = json::array();
  if (stores == nullptr) {
    return made;
  }
  for (const blob_store_facts &store : stores->facts()) {
    made.push_back({{"store", store.name},
                    {"state", name_of_state(store.state)},
                    {"reason", store.reason},
                    {"free_bytes", store.free_bytes ? json(*store.free_bytes) : json(nullptr)},
                    {"marker", store.marker ? json(store.marker->id) : json(nullptr)},
                    {"uploads", store.uploads},
                    {"blobs_put", store.blobs_put},
                    {"bytes_put", store.bytes_put},
                    {"gets", store.gets},
                    {"bytes_got", store.bytes_got},
                    {"failures", store.failures}});
  }
  return made;
}

} // namespace outsize::host
