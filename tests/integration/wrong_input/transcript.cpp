#include "transcript.hpp"

#include "../support/await.hpp"
#include "../support/programs.hpp"
#include "golden/approved.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace outsize::test {

namespace {

void replace_all(std::string &in, const std::string &old_text, const std::string &new_text) {
  for (std::size_t at = in.find(old_text); at != std::string::npos; at = in.find(old_text, at + new_text.size())) {
    in.replace(at, old_text.size(), new_text);
  }
}

constexpr std::size_t run_shown_max = 40;
constexpr std::size_t sha256_digits = 64;

/// Long keys and names are there for their length: their letter and that say enough.
std::string with_short_runs(const std::string &text) {
  std::string made;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
    made += end - at > run_shown_max ? fmt::format("{}…({} times)", text[at], end - at) : text.substr(at, end - at);
    at = end;
  }
  return made;
}

/// A digest is another one after each build.
std::string without_digests(std::string text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_not_of("0123456789abcdef", at), text.size());
    if (end - at == sha256_digits) {
      text.replace(at, sha256_digits, "SHA256");
      at += 6;
    } else {
      at = end + 1;
    }
  }
  return text;
}

std::vector<std::string> with_program(std::vector<std::string> command) {
  command.front() = command.front() == "outsized" ? outsized_program : outsize_program;
  return command;
}

/// Root without capabilities: subject to modes like everybody, and still owner of what root owns.
std::vector<std::string> without_powers(std::vector<std::string> command) {
  if (::geteuid() == 0) {
    const std::vector<std::string> drop = {"/usr/bin/setpriv", "--inh-caps=-all", "--bounding-set=-all", "--"};
    command.insert(command.begin(), drop.begin(), drop.end());
  }
  return command;
}

/// "… event=start_failed code: text (…)" without what stands before the code.
std::string last_words(const std::string &log) {
  std::istringstream lines(log);
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    for (const std::string mark : {" event=start_failed ", " event=fatal "}) {
      if (const std::size_t at = line.find(mark); at != std::string::npos) {
        found += line.substr(at + mark.size()) + "\n";
      }
    }
  }
  return found.empty() ? log : found;
}

} // namespace

transcript::transcript() {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
}

std::string transcript::file(const std::string &name, const std::string &text) const {
  const std::string path = folder_ / name;
  std::ofstream(path) << text;
  return path;
}

void transcript::run(const std::string &what, const std::vector<std::string> &command, const std::string &stdin_file) {
  note(what, command, ended(with_program(command), stdin_file));
}

void transcript::run_without_powers(const std::string &what, const std::vector<std::string> &command) {
  note(what, command, ended(without_powers(with_program(command)), "/dev/null"));
}

void transcript::check(const std::string &what, const std::string &config) {
  run(what, {"outsized", "--config", write_config(config), "--check"});
}

void transcript::start(const std::string &what, const std::string &config) {
  const std::vector<std::string> command = {"outsized", "--config", write_config(config)};
  child_process::output said = ended(with_program(command), "/dev/null");
  said.err = last_words(said.err);
  note(what, command, said);
}

void transcript::start_without_powers(const std::string &what, const std::string &config) {
  const std::vector<std::string> command = {"outsized", "--config", write_config(config)};
  child_process::output said = ended(without_powers(with_program(command)), "/dev/null");
  said.err = last_words(said.err);
  note(what, command, said);
}

void transcript::check_approved(const std::string &name) const {
  ::check_approved(std::filesystem::path(WRONG_INPUT_APPROVED) / (name + ".txt"), text_);
}

child_process::output transcript::ended(const std::vector<std::string> &command, const std::string &stdin_file) const {
  child_process process({command, stdin_file, ""});
  std::optional<child_process::output> done = process.collect(steady_now() + patience);
  if (!done.has_value()) {
    FAIL(fmt::format("does not end: {}\nuntil then:\n{}", fmt::join(command, " "), text_));
  }
  return std::move(*done);
}

void transcript::note(const std::string &what, const std::vector<std::string> &command,
                      const child_process::output &said) {
  std::vector<std::string> words;
  for (const std::string &word : command) {
    words.push_back(word.empty() || word.find(' ') != std::string::npos ? "'" + word + "'" : word);
  }
  text_ += normal(
      fmt::format("# {}\n$ {}\n{}{}exit {}\n\n", what, fmt::join(words, " "), said.out, said.err, said.exit_code));
}

std::string transcript::write_config(const std::string &text) {
  return file(fmt::format("node{}.toml", ++configs_), text);
}

std::string transcript::normal(std::string text) const {
  text = with_short_runs(without_digests(std::move(text)));
  replace_all(text, folder_.path(), "DIR");
  replace_all(text, plugin_folder, "PLUGINS");
  for (std::size_t i = 0; i < port_lease::ports_max; ++i) {
    replace_all(text, std::to_string(ports_.port(i)), fmt::format("PORT{}", i));
  }
  text = std::regex_replace(text, std::regex("process [0-9]+"), "process PID");
  return std::regex_replace(text, std::regex("node[0-9]+\\.toml"), "node.toml");
}

} // namespace outsize::test
