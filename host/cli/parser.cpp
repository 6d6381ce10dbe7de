#include "parser.hpp"

#include "host/cli/typed_values.hpp"
#include "host/units/units.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <optional>

namespace outsize::host {
namespace {

/// Texts as they were typed; what they mean is worked out after parsing, so that errors are ours.
struct typed {
  std::string timeout = "30s";
  std::optional<std::string> message_limit;
  std::string key;
  std::vector<std::string> headers;
  std::optional<std::string> from;
  std::optional<std::string> to;
  std::optional<std::string> read_count;
  std::string sizes = "1KiB";
  std::string in_flight = "64";
  std::string seconds = "10";
  std::optional<std::string> bench_count;
};

class command_line {
public:
  command_line() : app_("Appends to, reads and looks after the logs of an Outsize cluster.", "outsize") {
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.set_version_flag("--version", "outsize " OUTSIZE_VERSION);
    app_.footer("Exit: 0 done, 1 refused or failed, 2 wrong arguments, 130 interrupted.\n"
                "Address: --connect, or --config, or the environment's OUTSIZE_CONNECT, or tcp://127.0.0.1:7101.");
    add_common();
    add_append();
    add_read();
    add_logs();
    add_status();
    add_blobs();
    add_plugins();
    add_bench();
  }

  std::variant<invocation, asked_text, problem> parse(int count, const char *const *arguments) {
    try {
      app_.parse(count, arguments);
      return finish();
    } catch (const CLI::CallForHelp &) {
      return asked_text{chosen()->help()};
    } catch (const CLI::CallForAllHelp &) {
      return asked_text{app_.help("", CLI::AppFormatMode::All)};
    } catch (const CLI::CallForVersion &) {
      return asked_text{"outsize " OUTSIZE_VERSION "\n"};
    } catch (const CLI::ParseError &wrong) {
      return explain(wrong);
    } catch (const bad_value &wrong) {
      return wrong.why;
    }
  }

private:
  void add_common() {
    app_.add_option("--connect", common_.connect, "Address of a node; may be repeated")
        ->take_all()
        ->allow_extra_args(false);
    app_.add_option("--config", common_.config_file, "A node's configuration: its peers and transports are used");
    app_.add_option("--plugin-path", common_.plugin_path, "Folder with plugins; may be repeated")
        ->take_all()
        ->allow_extra_args(false);
    app_.add_flag("--json", common_.json, "One JSON object per line");
    app_.add_option("--timeout", typed_.timeout,
                    "How long one append, read or command may take; of a large append each answer")
        ->capture_default_str();
  }

  CLI::App *command(CLI::App *parent, const std::string &name, const std::string &meaning,
                    std::function<any_command()> make) {
    CLI::App *const made = parent->add_subcommand(name, meaning);
    made->fallthrough();
    makers_.emplace_back(made, std::move(make));
    return made;
  }
  CLI::App *group(const std::string &name, const std::string &meaning) {
    CLI::App *const made = app_.add_subcommand(name, meaning);
    made->fallthrough();
    made->require_subcommand(1);
    return made;
  }
  static void add_log(CLI::App *to, std::string &log) { to->add_option("LOG", log, "Name of the log")->required(); }

  void add_append() {
    CLI::App *const made = command(&app_, "append", "Append records: one per FILE, or stdin", [this] {
      append_.key = append_key_->count() != 0 ? std::optional(typed_.key) : std::nullopt;
      for (const std::string &header : typed_.headers) {
        append_.headers.push_back(header_of(header));
      }
      if (append_.files.empty()) {
        append_.files.emplace_back("-");
      }
      return any_command(append_);
    });
    add_log(made, append_.log);
    made->add_option("FILE", append_.files,
                     "Files, one record each, of any size that the log takes; - or none: stdin, read to its "
                     "end first, in TMPDIR when it is large");
    append_key_ = made->add_option("--key", typed_.key, "Key of the records");
    made->add_option("--header", typed_.headers, "Header name=value; may be repeated")
        ->take_all()
        ->allow_extra_args(false);
    made->add_option("--producer", append_.producer, "Producer name: records go one by one, duplicates are known");
  }

  void add_read() {
    CLI::App *const made =
        command(&app_, "read", "Read records in order", [this] { return any_command(asked_read()); });
    add_log(made, read_.log);
    made->add_option("--from", typed_.from, "First offset; without it: from the beginning");
    made->add_option("--to", typed_.to, "Last offset, included");
    made->add_option("--count", typed_.read_count, "At most so many records");
    made->add_flag("--follow", read_.follow, "Wait for more at the tail");
    made->add_flag("--no-payload", read_.no_payload, "With --json: leave the payload out");
    made->add_option("--output-dir", read_.output_dir, "One file per record, named by its offset");
  }

  read_command asked_read() {
    if (typed_.from.has_value()) {
      read_.from = offset_of("--from", *typed_.from);
    }
    if (typed_.to.has_value()) {
      read_.to = offset_of("--to", *typed_.to);
    }
    if (read_.to < read_.from) {
      refuse("--to", typed_.to.value_or("none"), "the last offset is below the first",
             fmt::format("--from {}", read_.from), "write the lower one with --from");
    }
    if (typed_.read_count.has_value()) {
      read_.count = number_of("--count", *typed_.read_count, 1, UINT64_MAX);
    }
    return read_;
  }

  void add_logs() {
    CLI::App *const logs = group("log", "Create, list and describe logs");
    CLI::App *const create = command(logs, "create", "Create a log", [this] {
      if (typed_.message_limit.has_value()) {
        create_.message_limit_bytes = bytes_of("--message-limit", *typed_.message_limit);
      }
      return any_command(create_);
    });
    add_log(create, create_.log);
    create->add_option("--policies", create_.policies, "Size policies, asked in order: A,B")->delimiter(',');
    create->add_option("--message-limit", typed_.message_limit, "A lower limit of the log's own: 8MiB");
    create->add_option("--sequencer", create_.sequencer, "The node that orders it");
    create->add_option("--nodeset", create_.nodeset, "Its log servers: n1,n2,n3")->delimiter(',');
    command(logs, "list", "Names of all logs", [] { return any_command(log_list_command{}); });
    add_log(command(logs, "describe", "One log: limits, policies, segments", [this] { return any_command(describe_); }),
            describe_.log);
    add_log(command(logs, "tail", "First offset not known committed", [this] { return any_command(tail_); }),
            tail_.log);
  }

  void add_status() {
    command(&app_, "status", "Nodes, links, logs: limits, waves, refusals, what waits for what",
            [] { return any_command(status_command{}); });
    add_log(command(&app_, "digest", "Which log server holds what", [this] { return any_command(digest_); }),
            digest_.log);
  }

  void add_blobs() {
    CLI::App *const blobs = group("blob", "Payloads that were spilled to a blob store");
    add_log(command(blobs, "list", "Blobs of a log, and which records refer to them",
                    [this] { return any_command(blob_list_); }),
            blob_list_.log);
    add_log(command(blobs, "verify", "Reads every blob that a record refers to, and compares its digest",
                    [this] { return any_command(blob_verify_); }),
            blob_verify_.log);
  }

  void add_plugins() {
    CLI::App *const plugins = group("plugin", "Plugins on disk");
    command(plugins, "list", "All plugins of the search path", [] { return any_command(plugin_list_command{}); });
    command(plugins, "inspect", "Identity and components of one", [this] { return any_command(inspect_); })
        ->add_option("PLUGIN", inspect_.plugin, "Name, or absolute path")
        ->required();
    command(plugins, "params", "Its parameters", [this] { return any_command(params_); })
        ->add_option("PLUGIN", params_.plugin, "Name, or absolute path")
        ->required();
  }

  void add_bench() {
    CLI::App *const made = command(&app_, "bench", "Append made-up records and measure", [this] {
      result<size_mix> sizes = size_mix::parse(typed_.sizes);
      if (!sizes) {
        refuse("--size", typed_.sizes, sizes.error().text, "", sizes.error().remedy);
      }
      bench_.sizes = std::move(*sizes);
      bench_.seconds = std::chrono::seconds(number_of("--seconds", typed_.seconds, 1, 86400));
      bench_.in_flight = static_cast<std::uint32_t>(number_of("--in-flight", typed_.in_flight, 1, 65536));
      if (typed_.bench_count.has_value()) {
        bench_.count = number_of("--count", *typed_.bench_count, 1, UINT64_MAX);
      }
      return any_command(bench_);
    });
    made->add_option("--log", bench_.log, "Name of the log")->required();
    made->add_option("--size", typed_.sizes, "Record sizes with weights: 1KiB:90,1MiB:10")->capture_default_str();
    made->add_option("--in-flight", typed_.in_flight, "Records unanswered at a time")->capture_default_str();
    made->add_option("--seconds", typed_.seconds, "How long")->capture_default_str();
    made->add_option("--count", typed_.bench_count, "So many records instead");
    made->add_flag("--verify", bench_.verify, "Read every acknowledged record back and compare");
  }

  /// The innermost command that was named; help and remedies are about it.
  const CLI::App *chosen() const {
    const CLI::App *at = &app_;
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
    }
    return at;
  }

  std::string chosen_name() const {
    std::string name = "outsize";
    for (const CLI::App *at = &app_; !at->get_subcommands().empty();) {
      at = at->get_subcommands().front();
      name += " " + at->get_name();
    }
    return name;
  }

  invocation finish() {
    common_.timeout = duration_of("--timeout", typed_.timeout);
    for (std::string &folder : common_.plugin_path) {
      folder = std::filesystem::absolute(folder).lexically_normal().string();
    }
    for (const auto &[app, make] : makers_) {
      if (app->parsed()) {
        return {common_, make()};
      }
    }
    throw bad_value{{code::invalid_argument, "no command is named", "", "", "", "outsize --help lists the commands"}};
  }

  std::vector<std::string> known_words() const {
    std::vector<std::string> words;
    for (const CLI::App *app : {chosen(), static_cast<const CLI::App *>(&app_)}) {
      for (const CLI::Option *option : app->get_options()) {
        for (const std::string &name : option->get_lnames()) {
          words.push_back("--" + name);
        }
      }
    }
    for (const CLI::App *sub : chosen()->get_subcommands([](const CLI::App *) { return true; })) {
      words.push_back(sub->get_name());
    }
    return words;
  }

  /// What CLI11 has to say about an argument that is missing or one too many, in our words.
  problem explain(const CLI::ParseError &wrong) const {
    const std::string help = fmt::format("{} --help lists what it takes", chosen_name());
    const std::vector<std::string> extra = app_.remaining(true);
    const bool is_missing = dynamic_cast<const CLI::RequiredError *>(&wrong) != nullptr && extra.empty();
    if (is_missing && !chosen()->get_subcommands([](const CLI::App *) { return true; }).empty()) {
      return {code::invalid_argument, "no command is named", "", chosen_name(), "", help};
    }
    if (const std::string what = wrong.what(); dynamic_cast<const CLI::ArgumentMismatch *>(&wrong) != nullptr) {
      return {code::invalid_argument,
              fmt::format("{} needs a value", what.substr(0, what.find(':'))),
              "",
              chosen_name(),
              "",
              help};
    }
    if (extra.empty()) {
      return {code::invalid_argument, wrong.what(), "", chosen_name(), "", help};
    }
    const std::vector<std::string> words = known_words();
    const std::vector<std::string_view> views(words.begin(), words.end());
    return {code::invalid_argument,
            fmt::format("unknown argument \"{}\"{}", extra.front(), did_you_mean(extra.front(), views)),
            "",
            chosen_name(),
            "",
            help};
  }

  CLI::App app_;
  common_options common_;
  typed typed_;
  append_command append_;
  CLI::Option *append_key_ = nullptr;
  read_command read_;
  log_create_command create_;
  log_describe_command describe_;
  log_tail_command tail_;
  digest_command digest_;
  blob_list_command blob_list_;
  blob_verify_command blob_verify_;
  plugin_inspect_command inspect_;
  plugin_params_command params_;
  bench_command bench_;
  std::vector<std::pair<CLI::App *, std::function<any_command()>>> makers_;
};

} // namespace

std::variant<invocation, asked_text, problem> parse_command_line(int count, const char *const *arguments) {
  return command_line().parse(count, arguments);
}

} // namespace outsize::host
