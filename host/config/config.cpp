#include "config.hpp"

#include "host/config/section_reader.hpp"
#include "host/units/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>

namespace outsize::host {
namespace {

const toml::table *single(const toml::table &root, const section_facts &section, reading_context &context) {
  const toml::node *const node = root.get(section.name);
  if (node == nullptr) {
    if (section.required) {
      context.complain({context.file, 0}, fmt::format("section [{}] is missing", section.name), "", "",
                       fmt::format("add it: {}", section.meaning));
    }
    return nullptr;
  }
  if (node->as_table() == nullptr) {
    context.complain(context.at(*node), fmt::format("\"{}\" must be one section", section.name), written(*node), "",
                     fmt::format("write [{}]", section.name));
  }
  return node->as_table();
}

const section_facts &facts_of_section(std::string_view name) {
  return *std::ranges::find(config_sections(), name, &section_facts::name);
}

/// Calls `read` for each [[section]].
void each(const toml::table &root, std::string_view name, reading_context &context,
          const std::function<void(section_reader &)> &read) {
  const section_facts &section = facts_of_section(name);
  const toml::node *const node = root.get(name);
  if (node == nullptr) {
    if (section.required) {
      context.complain({context.file, 0}, fmt::format("section [[{}]] is missing", name), "", "",
                       fmt::format("add at least one: {}", section.meaning));
    }
    return;
  }
  const toml::array *const items = node->as_array();
  const bool are_tables =
      items != nullptr && std::ranges::all_of(*items, [](const toml::node &item) { return item.is_table(); });
  if (!are_tables) {
    context.complain(context.at(*node), fmt::format("\"{}\" must be repeated sections", name), "", "",
                     fmt::format("write [[{}]], with two brackets", name));
    return;
  }
  for (const toml::node &item : *items) {
    section_reader reader(item.as_table(), name, context);
    read(reader);
    reader.finish();
  }
}

void read_singles(const toml::table &root, config &into, reading_context &context) {
  const auto section = [&](std::string_view name) {
    return section_reader(single(root, facts_of_section(name), context), name, context);
  };
  section_reader cluster = section("cluster");
  into.cluster = {cluster.text("name"), cluster.number("replication")};
  cluster.finish();

  section_reader node = section("node");
  into.node = {
      node.text("name"),          node.list("roles"),           node.text("data-dir"), node.number("message-limit"),
      node.number("part-window"), node.flag("insecure-listen"), node.text("log-level")};
  node.finish();

  section_reader log_server = section("log-server");
  into.log_server = {log_server.number("memory-budget")};
  log_server.finish();

  section_reader sequencer = section("sequencer");
  into.sequencer = {sequencer.number("in-flight-bytes"), sequencer.number("producer-in-flight-bytes"),
                    sequencer.number("bulk-window"), sequencer.text("spread"), sequencer.text("on-lower-limit")};
  sequencer.finish();

  section_reader plugins = section("plugins");
  into.plugins = {plugins.list("search-path"), plugins.texts("sha256")};
  plugins.finish();

  section_reader metadata = section("metadata");
  into.metadata = {metadata.text("kind"), metadata.text("node")};
  metadata.finish();
}

void read_repeated(const toml::table &root, config &into, reading_context &context) {
  each(root, "transport", context, [&](section_reader &read) {
    into.transports.push_back({read.text("plugin"), read.text("listen"), read.params("params"), read.where()});
  });
  each(root, "peer", context,
       [&](section_reader &read) { into.peers.push_back({read.text("name"), read.text("address"), read.where()}); });
  each(root, "size-policy", context, [&](section_reader &read) {
    into.size_policies.push_back(
        {read.text("name"), read.text("plugin"), read.number("applies-above"), read.params("params"), read.where()});
  });
  each(root, "blob-store", context, [&](section_reader &read) {
    into.blob_stores.push_back({read.text("name"), read.text("plugin"), read.params("params"), read.where()});
  });
  each(root, "log", context, [&](section_reader &read) {
    into.logs.push_back({read.text("name"), read.text("sequencer"), read.list("nodeset"), read.list("policies"),
                         read.number("message-limit"), read.number("replication"), read.where()});
  });
}

void refuse_unknown_sections(const toml::table &root, reading_context &context) {
  std::vector<std::string_view> known;
  std::ranges::transform(config_sections(), std::back_inserter(known), &section_facts::name);
  for (const auto &[name, value] : root) {
    if (std::ranges::find(known, name.str()) != known.end()) {
      continue;
    }
    const std::string_view nearest = nearest_name(name.str(), known);
    context.complain({context.file, name.source().begin.line}, fmt::format("unknown section \"{}\"", name.str()), "",
                     "",
                     nearest.empty() ? "remove it; docs/configuration.md lists the sections"
                                     : fmt::format("write \"{}\", or remove it", nearest));
  }
}

std::string folder_of(const std::string &file) {
  std::error_code ignored; // then the relative folder is as good as any
  const std::filesystem::path absolute = std::filesystem::absolute(file, ignored);
  return absolute.parent_path().lexically_normal().string();
}

/// 0, or the errno of what went wrong.
int read_whole(const std::string &file, std::string &into) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE *)> in(std::fopen(file.c_str(), "rb"), &std::fclose);
  if (in == nullptr) {
    return errno;
  }
  std::array<char, 4096> chunk{};
  for (std::size_t count = 1; count != 0;) {
    errno = 0;
    count = std::fread(chunk.data(), 1, chunk.size(), in.get());
    into.append(chunk.data(), count);
  }
  return std::ferror(in.get()) != 0 ? errno : 0;
}

config_reading failed(problem why) {
  config_reading made;
  made.problems.push_back(std::move(why));
  return made;
}

void read_tables(const toml::table &root, config &into, reading_context &context) {
  refuse_unknown_sections(root, context);
  read_singles(root, into, context);
  read_repeated(root, into, context);
}

} // namespace

std::string place::text() const {
  return line == 0 ? file : fmt::format("{}:{}", file, line);
}

bool node_config::has_role(std::string_view role) const {
  return std::ranges::find(roles.value, role) != roles.value.end();
}

const peer_config *config::peer(std::string_view name) const {
  const auto found = std::ranges::find_if(peers, [name](const peer_config &peer) { return peer.name.value == name; });
  return found == peers.end() ? nullptr : &*found;
}

config_reading read_config_text(std::string_view text, const std::string &file) {
  config_reading made;
  made.value.file = file;
  made.value.folder = folder_of(file);
  reading_context context{file, made.value.folder, {}};
  try {
    read_tables(toml::parse(text, file), made.value, context);
  } catch (const toml::parse_error &wrong) {
    context.complain({file, wrong.source().begin.line}, std::string(wrong.description()), "", "",
                     "correct the TOML at this line; texts and sizes stand in quotes");
  }
  made.problems = std::move(context.problems);
  if (made.problems.empty()) {
    made.problems = cross_check(made.value);
  }
  return made;
}

config_reading read_config_file(const std::string &file) {
  std::string text;
  if (const int why = read_whole(file, text); why != 0) {
    const bool is_forbidden = why == EACCES || why == EPERM;
    return failed({is_forbidden ? code::permission_denied : code::bad_config,
                   fmt::format("the configuration cannot be read: {}", std::strerror(why)), "", file, "",
                   is_forbidden ? "correct the file's owner or mode" : "check the path given with --config"});
  }
  return read_config_text(text, file);
}

} // namespace outsize::host
