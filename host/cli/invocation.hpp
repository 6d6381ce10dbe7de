// What the `outsize` tool was asked to do: one struct per command, filled by the parser, carried out by run_command.
//
// Thread rule: plain values.
#pragma once

#include "host/cli/size_mix.hpp"

#include <outsize/time.hpp>
#include <outsize/wire/types.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace outsize::host {

struct common_options {
  std::vector<std::string> connect;
  std::string config_file;
  std::vector<std::string> plugin_path; ///< absolute; empty: beside the program
  bool json = false;
  duration timeout = std::chrono::seconds(30); ///< of one append, read or command
};

struct append_command {
  std::string log;
  std::vector<std::string> files; ///< "-" is stdin
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string producer;
};

struct read_command {
  std::string log;
  wire::offset_t from = wire::first_offset;
  wire::offset_t to = UINT64_MAX;
  std::uint64_t count = 0; ///< 0 = no bound
  bool follow = false;
  bool no_payload = false;
  std::string output_dir;
};

struct log_create_command {
  std::string log;
  std::vector<std::string> policies;
  std::uint64_t message_limit_bytes = 0; ///< 0 = none of its own
  std::string sequencer;
  std::vector<std::string> nodeset;
};
struct log_list_command {};
struct log_describe_command {
  std::string log;
};
struct log_tail_command {
  std::string log;
};
struct status_command {};
struct digest_command {
  std::string log;
};
struct blob_list_command {
  std::string log;
};
struct blob_verify_command {
  std::string log;
};

struct plugin_list_command {};
struct plugin_inspect_command {
  std::string plugin;
};
struct plugin_params_command {
  std::string plugin;
};

struct bench_command {
  std::string log;
  size_mix sizes;
  std::uint32_t in_flight = 64;
  std::chrono::seconds seconds{10}; ///< with `count` 0
  std::uint64_t count = 0;
  bool verify = false;
};

using any_command =
    std::variant<append_command, read_command, log_create_command, log_list_command, log_describe_command,
                 log_tail_command, status_command, digest_command, blob_list_command, blob_verify_command,
                 plugin_list_command, plugin_inspect_command, plugin_params_command, bench_command>;

struct invocation {
  common_options common;
  any_command what;
};

} // namespace outsize::host
