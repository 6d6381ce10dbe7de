#include "component_check.hpp"

#include "c_text.hpp"
#include "param_values.hpp"

#include <outsize/abi/blob_store.h>
#include <outsize/abi/size_policy.h>
#include <outsize/abi/transport.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace outsize::host {
namespace {

/// A function that a table must have, and where.
struct required_entry {
  std::string_view name;
  std::size_t offset;
};

constexpr std::array transport_entries = {
    required_entry{"schemes", offsetof(outsize_transport_api, schemes)},
    required_entry{"create", offsetof(outsize_transport_api, create)},
    required_entry{"listen", offsetof(outsize_transport_api, listen)},
    required_entry{"connect", offsetof(outsize_transport_api, connect)},
    required_entry{"disconnect", offsetof(outsize_transport_api, disconnect)},
    required_entry{"set_link_limit", offsetof(outsize_transport_api, set_link_limit)},
    required_entry{"send", offsetof(outsize_transport_api, send)},
    required_entry{"poll", offsetof(outsize_transport_api, poll)},
    required_entry{"event_fd", offsetof(outsize_transport_api, event_fd)},
    required_entry{"link_stats", offsetof(outsize_transport_api, link_stats)},
    required_entry{"begin_close", offsetof(outsize_transport_api, begin_close)},
    required_entry{"closed", offsetof(outsize_transport_api, closed)},
    required_entry{"destroy", offsetof(outsize_transport_api, destroy)}};

constexpr std::array size_policy_entries = {required_entry{"create", offsetof(outsize_size_policy_api, create)},
                                            required_entry{"decide", offsetof(outsize_size_policy_api, decide)},
                                            required_entry{"destroy", offsetof(outsize_size_policy_api, destroy)}};

/// free_bytes is optional: without it a store cannot tell.
constexpr std::array blob_store_entries = {required_entry{"create", offsetof(outsize_blob_store_api, create)},
                                           required_entry{"begin", offsetof(outsize_blob_store_api, begin)},
                                           required_entry{"chunk", offsetof(outsize_blob_store_api, chunk)},
                                           required_entry{"finish", offsetof(outsize_blob_store_api, finish)},
                                           required_entry{"abandon", offsetof(outsize_blob_store_api, abandon)},
                                           required_entry{"get", offsetof(outsize_blob_store_api, get)},
                                           required_entry{"stat", offsetof(outsize_blob_store_api, stat)},
                                           required_entry{"list", offsetof(outsize_blob_store_api, list)},
                                           required_entry{"remove", offsetof(outsize_blob_store_api, remove)},
                                           required_entry{"destroy", offsetof(outsize_blob_store_api, destroy)}};

std::span<const required_entry> entries_of(std::string_view kind) {
  if (kind == OUTSIZE_TRANSPORT_KIND) {
    return transport_entries;
  }
  if (kind == OUTSIZE_SIZE_POLICY_KIND) {
    return size_policy_entries;
  }
  if (kind == OUTSIZE_BLOB_STORE_KIND) {
    return blob_store_entries;
  }
  return {};
}

/// Every table begins with its struct_size, and every entry is one pointer wide.
bool has_entry(const void *api, const required_entry &entry) {
  std::uint32_t struct_size = 0;
  std::memcpy(&struct_size, api, sizeof struct_size);
  if (struct_size < entry.offset + sizeof(void *)) {
    return false;
  }
  const void *pointer = nullptr;
  std::memcpy(&pointer, static_cast<const char *>(api) + entry.offset, sizeof pointer);
  return pointer != nullptr;
}

error faulty(std::string text, std::string remedy) {
  return make_error(code::plugin_refused, std::move(text), std::move(remedy));
}

bool is_name(std::string_view name) {
  const auto legal = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && std::ranges::all_of(name, legal);
}

std::vector<std::string> cut_at_bars(std::string_view joined) {
  std::vector<std::string> cut;
  for (std::size_t at = 0; at <= joined.size();) {
    const std::size_t bar = std::min(joined.find('|', at), joined.size());
    cut.emplace_back(joined.substr(at, bar - at));
    at = bar + 1;
  }
  return cut;
}

param_info copied(const outsize_param &param) {
  param_info made;
  made.name = text_or_empty(param.name);
  made.type = param.type;
  made.flags = param.flags;
  made.documentation = text_or_empty(param.documentation);
  made.number_min = OUTSIZE_REACHES(&param, number_min) ? param.number_min : 0;
  made.number_max = OUTSIZE_REACHES(&param, number_max) ? param.number_max : 0;
  if ((param.flags & OUTSIZE_PARAM_REQUIRED) == 0 && param.default_text != nullptr) {
    made.default_text = param.default_text;
  }
  if (param.type == OUTSIZE_PARAM_CHOICE && OUTSIZE_HAS(&param, choices)) {
    made.choices = cut_at_bars(param.choices);
  }
  return made;
}

/// What is wrong with a parameter's declaration, in words that follow its name; empty when nothing is.
std::string fault_of(const outsize_param &raw, const param_info &param) {
  if (!is_name(param.name)) {
    return "is no lower case name with '-'";
  }
  if (param.type < OUTSIZE_PARAM_BOOL || param.type > OUTSIZE_PARAM_CHOICE) {
    return fmt::format("has type {}, which this host does not know", param.type);
  }
  if (param.documentation.empty()) {
    return "is not documented";
  }
  if (param.type == OUTSIZE_PARAM_CHOICE && param.choices.empty()) {
    return "is a choice without choices";
  }
  const bool required = (param.flags & OUTSIZE_PARAM_REQUIRED) != 0;
  if (required && raw.default_text != nullptr) {
    return "is required and has a default";
  }
  if (required) {
    return {};
  }
  if (!param.default_text) {
    return "has neither a default nor the flag of a required one";
  }
  const std::string wrong = fault_of_default(param);
  return wrong.empty() ? std::string{} : "has a default that it would refuse: " + wrong;
}

std::optional<error> add_params(const outsize_component &component, component_info &to) {
  const std::string subject = in_words(to.kind, to.name);
  if (component.param_count > 0 && (component.params == nullptr || !OUTSIZE_REACHES(component.params, documentation))) {
    return faulty(fmt::format("the parameter table of {} is missing or cut short", subject),
                  "set params, and struct_size of each to sizeof(outsize_param)");
  }
  const auto *at = reinterpret_cast<const char *>(component.params);
  for (std::uint32_t i = 0; i < component.param_count; ++i, at += component.params->struct_size) {
    const auto &raw = *reinterpret_cast<const outsize_param *>(at);
    if (raw.struct_size != component.params->struct_size) {
      return faulty(fmt::format("the parameters of {} differ in struct_size", subject),
                    "set struct_size of each to sizeof(outsize_param)");
    }
    param_info param = copied(raw);
    std::string fault = fault_of(raw, param);
    if (std::ranges::find(to.params, param.name, &param_info::name) != to.params.end()) {
      fault = "is declared twice";
    }
    if (!fault.empty()) {
      return faulty(fmt::format("parameter \"{}\" of {} {}", param.name, subject, fault),
                    "correct the plugin's parameter table");
    }
    to.params.push_back(std::move(param));
  }
  return std::nullopt;
}

std::optional<error> add_schemes(const outsize_transport_api *api, component_info &to) {
  for (std::uint32_t i = 0; i < api->scheme_count; ++i) {
    const std::string scheme = text_or_empty(api->schemes[i]);
    if (!scheme.empty()) {
      to.schemes.push_back(scheme);
    }
  }
  if (to.schemes.empty()) {
    return faulty(fmt::format("{} serves no address scheme", in_words(to.kind, to.name)),
                  "list its schemes, for instance \"tcp\"");
  }
  return std::nullopt;
}

} // namespace

std::string_view short_kind(std::string_view kind) {
  if (kind == OUTSIZE_TRANSPORT_KIND) {
    return "transport";
  }
  if (kind == OUTSIZE_SIZE_POLICY_KIND) {
    return "size-policy";
  }
  return kind == OUTSIZE_BLOB_STORE_KIND ? "blob-store" : kind;
}

std::string in_words(std::string_view kind, std::string_view name) {
  std::string noun(short_kind(kind));
  if (noun != kind) {
    std::ranges::replace(noun, '-', ' ');
  }
  return fmt::format("{} \"{}\"", noun, name);
}

result<component_info> check_component(const outsize_component &component) {
  component_info made;
  made.kind = text_or_empty(component.kind);
  made.name = text_or_empty(component.name);
  made.documentation = text_or_empty(component.documentation);
  made.api = component.api;
  if (made.kind.empty() || !is_name(made.name)) {
    return faulty(fmt::format("its component \"{}\" of kind \"{}\" is not properly named", made.name, made.kind),
                  "give it a kind and a lower case name with '-'");
  }
  const std::span<const required_entry> required = entries_of(made.kind);
  if (required.empty()) {
    return made; // a kind of a newer host: listed, not used
  }
  if (made.api == nullptr) {
    return faulty(fmt::format("{} has no function table", in_words(made.kind, made.name)), "set its api");
  }
  const auto lacking = std::ranges::find_if(required, [&](const required_entry &e) { return !has_entry(made.api, e); });
  if (lacking != required.end()) {
    return faulty(fmt::format("{} lacks the required entry \"{}\"", in_words(made.kind, made.name), lacking->name),
                  "complete the function table, and set its struct_size to the size of the whole table");
  }
  if (made.kind == OUTSIZE_TRANSPORT_KIND) {
    if (std::optional<error> why = add_schemes(static_cast<const outsize_transport_api *>(made.api), made)) {
      return *std::move(why);
    }
  }
  if (std::optional<error> why = add_params(component, made)) {
    return *std::move(why);
  }
  return made;
}

} // namespace outsize::host
