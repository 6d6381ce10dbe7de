#include "console.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

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

ordered_json trace_json(const std::vector<wire::policy_step> &trace) {
  ordered_json made = ordered_json::array();
  for (const wire::policy_step &step : trace) {
    made.push_back({{"policy", step.policy}, {"plan", step.plan}, {"reason", step.reason}});
  }
  return made;
}

std::string remedy_of(const wire::refusal &why) {
  return why.remedy.empty() ? std::string(facts_of(why.why).remedy) : why.remedy;
}

int exit_code_of(code why) {
  return why == code::interrupted ? exit_interrupted : exit_refused;
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

ordered_json to_json(const wire::refusal &why) {
  return {{"code", std::string(outsize::name_of(why.why))},
          {"stage", std::string(name_of(why.at))},
          {"actual_bytes", why.actual_bytes},
          {"limit_bytes", why.limit_bytes},
          {"limit_source", why.limit_source},
          {"log", why.log},
          {"producer", why.producer},
          {"record_index", why.record_index},
          {"policy_trace", trace_json(why.policy_trace)},
          {"remedy", remedy_of(why)},
          {"text", why.text.empty() ? std::string(facts_of(why.why).cause) : why.text},
          {"retry", std::string(outsize::name_of(retry_of(why.why)))},
          {"peer", why.peer}};
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
  std::fwrite(lines.data(), 1, lines.size(), stdout);
}

void console::object(const ordered_json &one) {
  text(one.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

int console::failed(const problem &why) {
  if (json_) {
    object({{"code", std::string(outsize::name_of(why.code))},
            {"text", why.text},
            {"value", why.value},
            {"place", why.place},
            {"limit", why.limit},
            {"remedy", why.remedy.empty() ? std::string(facts_of(why.code).remedy) : why.remedy},
            {"retry", std::string(outsize::name_of(retry_of(why.code)))}});
  } else {
    std::fputs((to_line(why) + "\n").c_str(), stderr);
  }
  return exit_code_of(why.code);
}

int console::failed(const error &why) {
  return failed(outsize::host::to_problem(why));
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
    std::fwrite(part.data(), 1, part.size(), stdout);
  }
}

bool console::ok() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

} // namespace outsize::host
