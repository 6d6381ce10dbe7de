// The layout of every struct that crosses the line, pinned: a plugin built today has to run for the whole of ABI 1.
#include <outsize/abi/blob_store.h>
#include <outsize/abi/error_codes.h>
#include <outsize/abi/module.h>
#include <outsize/abi/size_policy.h>
#include <outsize/abi/transport.h>

#include <golden/approved.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace {

struct field {
  const char *name;
  std::size_t offset;
  std::size_t size;
};
struct layout {
  const char *name;
  std::size_t size;
  std::vector<field> fields;
};

#define FIELD(type, name) {#name, offsetof(type, name), sizeof(type::name)}

const std::vector<layout> &layouts() {
  static const std::vector<layout> all = {
      {"outsize_part",
       sizeof(outsize_part),
       {FIELD(outsize_part, data), FIELD(outsize_part, size), FIELD(outsize_part, owner), FIELD(outsize_part, retain),
        FIELD(outsize_part, release)}},
      {"outsize_message",
       sizeof(outsize_message),
       {FIELD(outsize_message, struct_size), FIELD(outsize_message, part_count), FIELD(outsize_message, parts)}},
      {"outsize_error",
       sizeof(outsize_error),
       {FIELD(outsize_error, struct_size), FIELD(outsize_error, code), FIELD(outsize_error, retry),
        FIELD(outsize_error, scope), FIELD(outsize_error, reserved), FIELD(outsize_error, vendor_code),
        FIELD(outsize_error, actual_bytes), FIELD(outsize_error, limit_bytes), FIELD(outsize_error, text),
        FIELD(outsize_error, remedy)}},
      {"outsize_param",
       sizeof(outsize_param),
       {FIELD(outsize_param, struct_size), FIELD(outsize_param, type), FIELD(outsize_param, flags),
        FIELD(outsize_param, reserved), FIELD(outsize_param, name), FIELD(outsize_param, default_text),
        FIELD(outsize_param, documentation), FIELD(outsize_param, number_min), FIELD(outsize_param, number_max),
        FIELD(outsize_param, choices)}},
      {"outsize_param_value",
       sizeof(outsize_param_value),
       {FIELD(outsize_param_value, name), FIELD(outsize_param_value, type), FIELD(outsize_param_value, is_default),
        FIELD(outsize_param_value, number), FIELD(outsize_param_value, text)}},
      {"outsize_component",
       sizeof(outsize_component),
       {FIELD(outsize_component, struct_size), FIELD(outsize_component, param_count), FIELD(outsize_component, kind),
        FIELD(outsize_component, name), FIELD(outsize_component, documentation), FIELD(outsize_component, api),
        FIELD(outsize_component, params)}},
      {"outsize_module",
       sizeof(outsize_module),
       {FIELD(outsize_module, struct_size), FIELD(outsize_module, abi_major), FIELD(outsize_module, magic),
        FIELD(outsize_module, abi_minor), FIELD(outsize_module, min_host_minor), FIELD(outsize_module, id),
        FIELD(outsize_module, name), FIELD(outsize_module, vendor), FIELD(outsize_module, version),
        FIELD(outsize_module, license), FIELD(outsize_module, build_id), FIELD(outsize_module, component_count),
        FIELD(outsize_module, component_bytes), FIELD(outsize_module, components)}},
      {"outsize_host",
       sizeof(outsize_host),
       {FIELD(outsize_host, struct_size), FIELD(outsize_host, abi_minor), FIELD(outsize_host, context),
        FIELD(outsize_host, log), FIELD(outsize_host, now_ns), FIELD(outsize_host, random),
        FIELD(outsize_host, get_service)}},
      {"outsize_inmemory_hub",
       sizeof(outsize_inmemory_hub),
       {FIELD(outsize_inmemory_hub, struct_size), FIELD(outsize_inmemory_hub, reserved),
        FIELD(outsize_inmemory_hub, context), FIELD(outsize_inmemory_hub, publish),
        FIELD(outsize_inmemory_hub, withdraw), FIELD(outsize_inmemory_hub, acquire)}},
      {"outsize_header",
       sizeof(outsize_header),
       {FIELD(outsize_header, name), FIELD(outsize_header, name_bytes), FIELD(outsize_header, value),
        FIELD(outsize_header, value_bytes)}},
      {"outsize_blob_store_state",
       sizeof(outsize_blob_store_state),
       {FIELD(outsize_blob_store_state, struct_size), FIELD(outsize_blob_store_state, state),
        FIELD(outsize_blob_store_state, name), FIELD(outsize_blob_store_state, free_bytes)}},
      {"outsize_policy_input",
       sizeof(outsize_policy_input),
       {FIELD(outsize_policy_input, struct_size),
        FIELD(outsize_policy_input, header_count),
        FIELD(outsize_policy_input, log),
        FIELD(outsize_policy_input, producer),
        FIELD(outsize_policy_input, key),
        FIELD(outsize_policy_input, key_bytes),
        FIELD(outsize_policy_input, headers),
        FIELD(outsize_policy_input, payload_bytes),
        FIELD(outsize_policy_input, entry_bytes),
        FIELD(outsize_policy_input, entry_bytes_max),
        FIELD(outsize_policy_input, segment_limit_bytes),
        FIELD(outsize_policy_input, policy_limit_bytes),
        FIELD(outsize_policy_input, fragment_overhead_bytes),
        FIELD(outsize_policy_input, commit_entry_bytes),
        FIELD(outsize_policy_input, reference_entry_bytes),
        FIELD(outsize_policy_input, fragments_max),
        FIELD(outsize_policy_input, plans_failed),
        FIELD(outsize_policy_input, last_failed_plan),
        FIELD(outsize_policy_input, last_failed_code),
        FIELD(outsize_policy_input, blob_store_count),
        FIELD(outsize_policy_input, blob_store_bytes),
        FIELD(outsize_policy_input, open_sets),
        FIELD(outsize_policy_input, blob_stores),
        FIELD(outsize_policy_input, log_split_bytes_minute),
        FIELD(outsize_policy_input, log_split_bytes_hour),
        FIELD(outsize_policy_input, log_spilled_bytes_minute),
        FIELD(outsize_policy_input, log_spilled_bytes_hour),
        FIELD(outsize_policy_input, producer_split_bytes_minute),
        FIELD(outsize_policy_input, producer_split_bytes_hour),
        FIELD(outsize_policy_input, producer_spilled_bytes_minute),
        FIELD(outsize_policy_input, producer_spilled_bytes_hour)}},
      {"outsize_policy_plan",
       sizeof(outsize_policy_plan),
       {FIELD(outsize_policy_plan, struct_size), FIELD(outsize_policy_plan, kind),
        FIELD(outsize_policy_plan, fragment_bytes), FIELD(outsize_policy_plan, blob_store),
        FIELD(outsize_policy_plan, reason), FIELD(outsize_policy_plan, warn), FIELD(outsize_policy_plan, reserved)}},
      {"outsize_size_policy_open",
       sizeof(outsize_size_policy_open),
       {FIELD(outsize_size_policy_open, struct_size), FIELD(outsize_size_policy_open, param_count),
        FIELD(outsize_size_policy_open, host), FIELD(outsize_size_policy_open, params)}},
      {"outsize_size_policy_api",
       sizeof(outsize_size_policy_api),
       {FIELD(outsize_size_policy_api, struct_size), FIELD(outsize_size_policy_api, reserved),
        FIELD(outsize_size_policy_api, create), FIELD(outsize_size_policy_api, decide),
        FIELD(outsize_size_policy_api, destroy)}},
      {"outsize_event",
       sizeof(outsize_event),
       {FIELD(outsize_event, struct_size), FIELD(outsize_event, kind), FIELD(outsize_event, link),
        FIELD(outsize_event, token), FIELD(outsize_event, parts), FIELD(outsize_event, part_count),
        FIELD(outsize_event, reserved), FIELD(outsize_event, error), FIELD(outsize_event, peer),
        FIELD(outsize_event, actual_bytes), FIELD(outsize_event, limit_bytes)}},
      {"outsize_transport_open",
       sizeof(outsize_transport_open),
       {FIELD(outsize_transport_open, struct_size), FIELD(outsize_transport_open, param_count),
        FIELD(outsize_transport_open, host), FIELD(outsize_transport_open, params),
        FIELD(outsize_transport_open, message_bytes_max), FIELD(outsize_transport_open, memory_bytes_max),
        FIELD(outsize_transport_open, sink), FIELD(outsize_transport_open, on_event)}},
      {"outsize_link_stats",
       sizeof(outsize_link_stats),
       {FIELD(outsize_link_stats, struct_size), FIELD(outsize_link_stats, reserved),
        FIELD(outsize_link_stats, limit_bytes), FIELD(outsize_link_stats, bytes_sent),
        FIELD(outsize_link_stats, bytes_received), FIELD(outsize_link_stats, messages_sent),
        FIELD(outsize_link_stats, messages_received), FIELD(outsize_link_stats, queued_bytes),
        FIELD(outsize_link_stats, queued_bytes_max)}},
      {"outsize_transport_api",
       sizeof(outsize_transport_api),
       {FIELD(outsize_transport_api, struct_size), FIELD(outsize_transport_api, scheme_count),
        FIELD(outsize_transport_api, schemes), FIELD(outsize_transport_api, create),
        FIELD(outsize_transport_api, listen), FIELD(outsize_transport_api, connect),
        FIELD(outsize_transport_api, disconnect), FIELD(outsize_transport_api, set_link_limit),
        FIELD(outsize_transport_api, send), FIELD(outsize_transport_api, poll), FIELD(outsize_transport_api, event_fd),
        FIELD(outsize_transport_api, link_stats), FIELD(outsize_transport_api, begin_close),
        FIELD(outsize_transport_api, closed), FIELD(outsize_transport_api, destroy)}},
      {"outsize_blob_call",
       sizeof(outsize_blob_call),
       {FIELD(outsize_blob_call, struct_size), FIELD(outsize_blob_call, reserved),
        FIELD(outsize_blob_call, deadline_ns), FIELD(outsize_blob_call, cancel)}},
      {"outsize_blob_info",
       sizeof(outsize_blob_info),
       {FIELD(outsize_blob_info, struct_size), FIELD(outsize_blob_info, reserved), FIELD(outsize_blob_info, size),
        FIELD(outsize_blob_info, modified_unix_s)}},
      {"outsize_blob_store_open",
       sizeof(outsize_blob_store_open),
       {FIELD(outsize_blob_store_open, struct_size), FIELD(outsize_blob_store_open, param_count),
        FIELD(outsize_blob_store_open, host), FIELD(outsize_blob_store_open, params)}},
      {"outsize_blob_store_api",
       sizeof(outsize_blob_store_api),
       {FIELD(outsize_blob_store_api, struct_size), FIELD(outsize_blob_store_api, reserved),
        FIELD(outsize_blob_store_api, create), FIELD(outsize_blob_store_api, begin),
        FIELD(outsize_blob_store_api, chunk), FIELD(outsize_blob_store_api, finish),
        FIELD(outsize_blob_store_api, abandon), FIELD(outsize_blob_store_api, get), FIELD(outsize_blob_store_api, stat),
        FIELD(outsize_blob_store_api, list), FIELD(outsize_blob_store_api, remove),
        FIELD(outsize_blob_store_api, free_bytes), FIELD(outsize_blob_store_api, destroy)}},
  };
  return all;
}

std::string layout_text() {
  std::string text;
  for (const layout &one : layouts()) {
    text += std::string(one.name) + " " + std::to_string(one.size) + "\n";
    for (const field &part : one.fields) {
      text += "  " + std::to_string(part.offset) + " " + part.name + " " + std::to_string(part.size) + "\n";
    }
  }
  return text;
}

} // namespace

TEST_CASE("abi layout: every struct is as approved") {
  check_approved(std::string(GOLDEN_FOLDER) + "/abi-layout.txt", layout_text());
}

TEST_CASE("abi layout: the table leaves out no field") {
  for (const layout &one : layouts()) {
    std::size_t end = 0;
    for (const field &part : one.fields) {
      INFO(one.name << "." << part.name);
      CHECK(part.offset == end); // no struct has padding between fields: reserved fields fill the gaps
      end = part.offset + part.size;
    }
    INFO(one.name);
    CHECK(end == one.size);
  }
}

TEST_CASE("abi layout: every struct but the frozen array elements begins with its size") {
  for (const layout &one : layouts()) {
    const std::string name = one.name;
    const bool frozen = name == "outsize_part" || name == "outsize_header" || name == "outsize_param_value";
    INFO(name);
    CHECK((one.fields.front().name == std::string("struct_size")) == !frozen);
  }
}

TEST_CASE("abi layout: numbers of error codes and what they mean for a retry are as approved") {
  std::string text;
#define ROW(name, number, retry, scope, cause, remedy) text += #name " " #number " " #retry " " #scope "\n";
  OUTSIZE_ERROR_CODES(ROW)
#undef ROW
  check_approved(std::string(GOLDEN_FOLDER) + "/error-codes.txt", text);
}

TEST_CASE("abi layout: constants are as approved") {
  std::string text;
#define CONSTANT(name) text += #name " " + std::to_string(name) + "\n"
  CONSTANT(OUTSIZE_ABI_MAJOR);
  CONSTANT(OUTSIZE_ABI_MINOR);
  CONSTANT(OUTSIZE_MODULE_MAGIC);
  CONSTANT(OUTSIZE_NEVER);
  CONSTANT(OUTSIZE_RETRY_NEVER);
  CONSTANT(OUTSIZE_RETRY_AFTER_CHANGE);
  CONSTANT(OUTSIZE_RETRY_LATER);
  CONSTANT(OUTSIZE_RETRY_RECONNECT);
  CONSTANT(OUTSIZE_SCOPE_RECORD);
  CONSTANT(OUTSIZE_SCOPE_LINK);
  CONSTANT(OUTSIZE_SCOPE_PEER);
  CONSTANT(OUTSIZE_SCOPE_LOG);
  CONSTANT(OUTSIZE_SCOPE_NODE);
  CONSTANT(OUTSIZE_SCOPE_CLUSTER);
  CONSTANT(OUTSIZE_ERROR_TEXT_BYTES);
  CONSTANT(OUTSIZE_ERROR_REMEDY_BYTES);
  CONSTANT(OUTSIZE_PARAM_BOOL);
  CONSTANT(OUTSIZE_PARAM_INTEGER);
  CONSTANT(OUTSIZE_PARAM_BYTES);
  CONSTANT(OUTSIZE_PARAM_DURATION);
  CONSTANT(OUTSIZE_PARAM_STRING);
  CONSTANT(OUTSIZE_PARAM_PATH);
  CONSTANT(OUTSIZE_PARAM_CHOICE);
  CONSTANT(OUTSIZE_PARAM_REQUIRED);
  CONSTANT(OUTSIZE_PARAM_SECRET);
  CONSTANT(OUTSIZE_PARAM_DEPRECATED);
  CONSTANT(OUTSIZE_LOG_DEBUG);
  CONSTANT(OUTSIZE_LOG_INFO);
  CONSTANT(OUTSIZE_LOG_WARN);
  CONSTANT(OUTSIZE_LOG_ERROR);
  CONSTANT(OUTSIZE_LOG_PLUGIN_MISBEHAVING);
  CONSTANT(OUTSIZE_BLOB_STORE_READY);
  CONSTANT(OUTSIZE_BLOB_STORE_UNAVAILABLE);
  CONSTANT(OUTSIZE_BLOB_STORE_FULL);
  CONSTANT(OUTSIZE_BLOB_STORE_FOREIGN);
  CONSTANT(OUTSIZE_BLOB_KEY_BYTES_MAX);
  CONSTANT(OUTSIZE_BLOB_KEY_PART_BYTES_MAX);
  CONSTANT(OUTSIZE_PLAN_DECLINE);
  CONSTANT(OUTSIZE_PLAN_REJECT);
  CONSTANT(OUTSIZE_PLAN_SPLIT);
  CONSTANT(OUTSIZE_PLAN_SPILL);
  CONSTANT(OUTSIZE_PLAN_STORE_BYTES);
  CONSTANT(OUTSIZE_PLAN_REASON_BYTES);
  CONSTANT(OUTSIZE_MESSAGE_PARTS_MAX);
  CONSTANT(OUTSIZE_EVENT_LINK_UP);
  CONSTANT(OUTSIZE_EVENT_LINK_DOWN);
  CONSTANT(OUTSIZE_EVENT_MESSAGE);
  CONSTANT(OUTSIZE_EVENT_COMPLETION);
  CONSTANT(OUTSIZE_EVENT_WRITABLE);
  CONSTANT(OUTSIZE_EVENT_OVERSIZE);
  CONSTANT(OUTSIZE_SEND_FAILED);
  CONSTANT(OUTSIZE_SEND_QUEUED);
  CONSTANT(OUTSIZE_SEND_DONE);
  CONSTANT(OUTSIZE_SEND_BUSY);
#undef CONSTANT
  text += std::string("kinds ") + OUTSIZE_TRANSPORT_KIND + " " + OUTSIZE_SIZE_POLICY_KIND + " " +
          OUTSIZE_BLOB_STORE_KIND + "\n";
  check_approved(std::string(GOLDEN_FOLDER) + "/abi-constants.txt", text);
}
