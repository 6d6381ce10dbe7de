#include "console.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace outsize::host {

using nlohmann::ordered_json;

namespace {

std::string_view name_of(wire::stage at) {
  switch (at) {
  case wire::stage::none:
    return "";
  case wire::stage::admission:
    return "admission";
  case wire::stage::batch:
    return "batch";
  case wire::stage::transport:
    return "transport";
  case wire::stage::storage:
    return "storage";
  }
  return "";
}

std::string place_of(const wire::refusal &why) {
  std::string place = why.log.empty() ? std::string{} : "log " + why.log;
  if (!why.peer.empty()) {
    place += (place.empty() ? "" : ", ") + why.peer;
  }
  if (why.at != wire::stage::none) {
    place += fmt::format("{}{}", place.empty() ? "" : ", ", name_of(why.at));
  }
  return place;
}

std::string limit_of(const wire::refusal &why) {
  if (why.limit_bytes == 0) {
    return {};
  }
  return why.limit_source.empty() ? fmt::format("limit {} bytes", why.limit_bytes)
                                  : fmt::format("limit {} bytes of {}", why.limit_bytes, why.limit_source);
}

std::string remedy_of(const wire::refusal &why) {
  return why.remedy.empty() ? std::string(facts_of(why.why).remedy) : why.remedy;
}

int exit_code_of(code why) {
  if (why == code::interrupted) {
    return exit_interrupted;
  }
  return why == code::bad_config ? exit_usage : exit_refused;
}

} // namespace

problem to_problem(const wire::refusal &why, const std::string &place) {
  problem made;
  made.code = why.why;
  made.text = why.text.empty() ? std::string(facts_of(why.why).cause) : why.text;
  made.value = why.actual_bytes == 0 ? std::string{} : fmt::format("{} bytes", why.actual_bytes);
  made.place = place.empty() ? place_of(why) : place;
  made.limit = limit_of(why);
  made.remedy = remedy_of(why);
  return made;
}

ordered_json to_json(const std::vector<wire::policy_step> &trace) {
  ordered_json made = ordered_json::array();
  for (const wire::policy_step &step : trace) {
    made.push_back({{"policy", step.policy}, {"plan", step.plan}, {"reason", step.reason}});
  }
  return made;
}

ordered_json to_json(const wire::refusal &why) {
  return {{"code", std::string(outsize::name_of(why.why))},
          {"stage", std::string(name_of(why.at))},
          {"actual_bytes", why.actual_bytes},
          {"limit_bytes", why.limit_bytes},
          {"limit_source", why.limit_source},
          {"log", why.log},
          {"producer", why.producer},
          {"record_index", why.record_index},
          {"policy_trace", to_json(why.policy_trace)},
          {"remedy", remedy_of(why)},
          {"text", why.text.empty() ? std::string(facts_of(why.why).cause) : why.text},
          {"retry", std::string(outsize::name_of(retry_of(why.why)))},
          {"peer", why.peer}};
}

error said_by_node(error why) {
  if (!why.peer.empty()) {
    why.peer = "node " + why.peer;
  }
  return why;
}

bool is_utf8(std::string_view bytes) {
  try {
    (void)ordered_json(std::string(bytes)).dump(); // the writer is strict unless told otherwise
    return true;
  } catch (const nlohmann::json::type_error &) {
    return false;
  }
}

void console::text(std::string_view lines) {
  errno = 0;
  if (std::fwrite(lines.data(), 1, lines.size(), stdout) != lines.size() && broken_ == 0) {
    broken_ = errno;
  }
}

void console::object(const ordered_json &one) {
  text(one.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int console::failed(const problem &why, const std::string &file) {
  if (!json_ || broken_ != 0) {
    std::fputs((to_line(why) + "\n").c_str(), stderr);
    return exit_code_of(why.code);
  }
  ordered_json one{{"code", std::string(outsize::name_of(why.code))},
                   {"text", why.text},
                   {"value", why.value},
                   {"place", why.place},
                   {"limit", why.limit},
                   {"remedy", why.remedy.empty() ? std::string(facts_of(why.code).remedy) : why.remedy},
                   {"retry", std::string(outsize::name_of(retry_of(why.code)))}};
  if (!file.empty()) {
    one["file"] = file;
  }
  object(one);
  return exit_code_of(why.code);
}

int console::failed(const error &why) {
  return failed(outsize::host::to_problem(why));
}

int console::unopened(const problem &why) {
  const int done = failed(why);
  return why.code == code::invalid_argument ? exit_usage : done;
}

int console::refused(const wire::refusal &why, const std::string &file) {
  if (!json_) {
    return failed(to_problem(why, file));
  }
  ordered_json one = to_json(why);
  if (!file.empty()) {
    one["file"] = file;
  }
  object(one);
  return exit_code_of(why.why);
}

void console::bytes(const rope &payload) {
  for (const buffer &part : payload.parts()) {
    text({reinterpret_cast<const char *>(part.data()), part.size()});
  }
}

bool console::ok() {
  errno = 0;
  if (std::fflush(stdout) != 0 && broken_ == 0) {
    broken_ = errno;
  }
  return broken_ == 0 && std::ferror(stdout) == 0;
}

int console::say_broken() {
  if (broken_ != EPIPE) {
    std::fputs((to_line({broken_ == ENOSPC ? code::disk_full : code::storage_failed,
                         fmt::format("the output cannot be written: {}", std::strerror(broken_)), "", "stdout", "",
                         "write it to another place"}) +
                "\n")
                   .c_str(),
               stderr);
  }
  return exit_refused;
}

} // namespace outsize::host
