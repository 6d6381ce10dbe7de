#include "journal.hpp"

#include <outsize/abi/host.h>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace outsize::host {
namespace {

spdlog::level::level_enum level_named(std::string_view name) {
  if (name == "debug") {
    return spdlog::level::debug;
  }
  if (name == "warn") {
    return spdlog::level::warn;
  }
  return name == "error" ? spdlog::level::err : spdlog::level::info;
}

spdlog::level::level_enum level_of(int level) {
  switch (level) {
  case static_cast<int>(OUTSIZE_LOG_DEBUG):
    return spdlog::level::debug;
  case static_cast<int>(OUTSIZE_LOG_INFO):
    return spdlog::level::info;
  case static_cast<int>(OUTSIZE_LOG_WARN):
    return spdlog::level::warn;
  default:
    return spdlog::level::err; // a misbehaving plugin is an error of somebody's
  }
}

} // namespace

journal::journal(std::string_view node, std::string_view level)
    : logger_(std::make_shared<spdlog::logger>(std::string(node), std::make_shared<spdlog::sinks::stderr_sink_mt>())) {
  logger_->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l node=%n %v", spdlog::pattern_time_type::utc);
  logger_->set_level(level_named(level));
  logger_->flush_on(spdlog::level::debug);
}

journal::~journal() = default;

void journal::write(int level, const std::string &line) {
  std::string one_line = line;
  std::ranges::replace_if(one_line, [](char letter) { return static_cast<unsigned char>(letter) < 0x20; }, ' ');
  logger_->log(level_of(level), "{}", one_line);
}

} // namespace outsize::host
