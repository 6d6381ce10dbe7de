// outsize blob list and verify: spilled payloads, as the log knows them and as their stores have them.
#include "commands.hpp"

#include "host/cli/interrupt.hpp"
#include "host/cli/progress.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace outsize::host {
namespace {

using nlohmann::ordered_json;

constexpr duration ask_again_after = std::chrono::milliseconds(200);

/// A reference entry of the log.
struct reference {
  wire::offset_t offset = 0;
  std::string store;
  std::string key;
  std::uint64_t bytes = 0;
  std::uint64_t part_bytes = 0;
  std::string parts; ///< digest of the digests of all parts, in hex
};
/// A blob in a store.
struct stored_blob {
  std::uint64_t bytes = 0;
  std::uint64_t modified_s = 0;
};
using blob_name = std::pair<std::string, std::string>; ///< store, key

error odd_answer(const std::string &command) {
  return make_error(code::malformed, fmt::format("the node's answer to {} is not what it should be", command));
}

/// What a node is asked about spilled payloads. Its answers are checked: it may be of another version.
class blob_questions {
public:
  blob_questions(client::blocking_client &client, std::string log, duration patience)
      : client_(client), log_(std::move(log)), patience_(patience) {}

  result<std::vector<std::string>> stores() {
    std::vector<std::string> names;
    const result<void> read = ask("blob-stores", ordered_json::object(), [&](const ordered_json &answer) {
      for (const ordered_json &store : answer.at("stores")) {
        names.push_back(store.at("store").get<std::string>());
      }
    });
    return read ? result<std::vector<std::string>>(names) : result<std::vector<std::string>>(read.error());
  }

  /// All blobs of the log in one store.
  result<void> blobs(const std::string &store, std::map<blob_name, stored_blob> &into) {
    std::string after;
    for (bool more = true; more && !interrupted();) {
      const auto take = [&](const ordered_json &answer) {
        for (const ordered_json &blob : answer.at("blobs")) {
          after = blob.at("key").get<std::string>();
          into[{store, after}] = {blob.at("bytes").get<std::uint64_t>(), blob.at("modified_s").get<std::uint64_t>()};
        }
        more = answer.at("more").get<bool>() && !answer.at("blobs").empty();
      };
      if (result<void> read = ask("blob-list", {{"log", log_}, {"store", store}, {"after", after}}, take); !read) {
        return read;
      }
    }
    return {};
  }

  /// Every reference below the tail, in the order of the log; `tell` says with false that it is enough.
  result<void> references(const std::function<bool(const reference &)> &tell) {
    const result<wire::tail> tail = client_.find_tail(log_);
    if (!tail) {
      return tail.error(); // without it nobody can say that these were all
    }
    wire::offset_t from = wire::first_offset;
    time_point stands_until = steady_now() + patience_;
    for (bool goes_on = true; goes_on && from < tail->global_tail && !interrupted();) {
      std::vector<reference> found;
      wire::offset_t next = from;
      const auto take = [&](const ordered_json &answer) {
        found = references_in(answer);
        next = answer.at("next").get<wire::offset_t>();
      };
      if (result<void> read = ask_again("blob-references", {{"log", log_}, {"from", from}}, take); !read) {
        return read;
      }
      for (auto one = found.begin(); one != found.end() && goes_on; ++one) {
        goes_on = tell(*one) && !interrupted();
      }
      if (next > from) {
        from = next;
        stands_until = steady_now() + patience_;
        continue;
      }
      if (steady_now() >= stands_until) {
        return make_error(code::timed_out, fmt::format("the node knows log {} up to offset {} only, its tail is {}",
                                                       log_, from, tail->global_tail));
      }
      client_.run_until([] { return false; }, steady_now() + ask_again_after);
    }
    return {};
  }

  /// Reads the blob where its store is, and compares. `on_read` hears how many bytes have been read.
  result<void> verify(const reference &what, const std::function<void(std::uint64_t)> &on_read) {
    wire::running_digest digests;
    std::uint64_t next = 0;
    for (bool is_end = false; !is_end && next <= what.bytes && !interrupted();) {
      const std::uint64_t from = next;
      bool is_right = true;
      const auto take = [&](const ordered_json &answer) {
        for (const ordered_json &part : answer.at("digests")) {
          const std::optional<wire::digest> value = digest_from(part.get<std::string>());
          is_right = is_right && value.has_value();
          digests.add(value.value_or(wire::digest{}));
        }
        next = answer.at("next").get<std::uint64_t>();
        is_end = answer.at("end").get<bool>();
      };
      const ordered_json arguments{
          {"store", what.store}, {"key", what.key}, {"part-bytes", what.part_bytes}, {"from", from}};
      if (result<void> read = ask("blob-digests", arguments, take); !read) {
        return read;
      }
      if (!is_right || next < from || (next == from && !is_end)) {
        return odd_answer("blob-digests");
      }
      on_read(next - from);
    }
    return compare(what, next, digests.value());
  }

private:
  /// `take` may throw what nlohmann throws.
  result<void> ask(const std::string &command, const ordered_json &arguments,
                   const std::function<void(const ordered_json &)> &take) {
    const result<std::string> answer = client_.command(command, arguments.dump());
    if (!answer) {
      return answer.error();
    }
    try {
      take(ordered_json::parse(*answer));
      return {};
    } catch (const ordered_json::exception &) {
      return odd_answer(command);
    }
  }
  /// What may pass later is asked again until the command's time is up.
  result<void> ask_again(const std::string &command, const ordered_json &arguments,
                         const std::function<void(const ordered_json &)> &take) {
    const time_point until = steady_now() + patience_;
    for (;;) {
      result<void> asked = ask(command, arguments, take);
      const bool may_pass =
          !asked && (asked.error().retry() == retry_class::later || asked.error().retry() == retry_class::reconnect);
      if (!may_pass || steady_now() >= until || interrupted()) {
        return asked;
      }
      client_.run_until([] { return false; }, steady_now() + ask_again_after);
    }
  }

  static std::vector<reference> references_in(const ordered_json &answer) {
    std::vector<reference> found;
    for (const ordered_json &one : answer.at("references")) {
      found.push_back({one.at("offset").get<wire::offset_t>(), one.at("store").get<std::string>(),
                       one.at("key").get<std::string>(), one.at("bytes").get<std::uint64_t>(),
                       one.at("part_bytes").get<std::uint64_t>(), one.at("parts").get<std::string>()});
    }
    return found;
  }

  static std::optional<wire::digest> digest_from(const std::string &hex) {
    wire::digest made{};
    if (hex.size() != 2 * made.size()) {
      return std::nullopt;
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
      const char *const from = hex.data() + 2 * i;
      if (std::from_chars(from, from + 2, made[i], 16).ptr != from + 2) {
        return std::nullopt;
      }
    }
    return made;
  }

  static result<void> compare(const reference &what, std::uint64_t bytes, const wire::digest &parts) {
    if (bytes != what.bytes) {
      return size_error(code::blob_corrupt,
                        bytes < what.bytes ? fmt::format("it has {} bytes of {}", bytes, what.bytes)
                                           : fmt::format("it has more than the {} bytes of its record", what.bytes),
                        bytes, what.bytes);
    }
    if (wire::to_hex(parts) != what.parts) {
      return make_error(code::blob_corrupt, fmt::format("its parts have the digest {}, the record's payload had {}",
                                                        wire::to_hex(parts), what.parts));
    }
    return {};
  }

  client::blocking_client &client_;
  const std::string log_;
  const duration patience_;
};

std::string time_text(std::uint64_t unix_s) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_s)));
}

int say_interrupted(const std::string &log, console &to) {
  return to.failed({code::interrupted, "the command was interrupted", "", "log " + log, "", "run it again"});
}

// ---- list -----------------------------------------------------------------------------------------------------------

class list_run {
public:
  list_run(const blob_list_command &what, const common_options &common, session &with, console &to)
      : log_(what.log), questions_(with.client(), what.log, common.timeout), console_(to) {}

  /// The stores are listed before the references are read: a blob that is listed and has no reference by then is one
  /// that is being written at this moment, or an orphan.
  int run() {
    if (result<void> listed = list_stores(); !listed) {
      return console_.failed(said_by_node(std::move(listed).error()));
    }
    const result<void> read = questions_.references([this](const reference &one) {
      show_referenced(one);
      return console_.ok();
    });
    if (!read) {
      return console_.failed(said_by_node(read.error()));
    }
    if (interrupted()) {
      return say_interrupted(log_, console_);
    }
    for (const auto &[name, blob] : blobs_) {
      show(name, blob, "orphan", std::nullopt);
    }
    return exit_done;
  }

private:
  result<void> list_stores() {
    const result<std::vector<std::string>> stores = questions_.stores();
    if (!stores) {
      return stores.error();
    }
    for (const std::string &store : *stores) {
      if (result<void> listed = questions_.blobs(store, blobs_); !listed) {
        return listed;
      }
    }
    return {};
  }

  void show_referenced(const reference &one) {
    const auto found = blobs_.find({one.store, one.key});
    if (found == blobs_.end()) {
      show({one.store, one.key}, {one.bytes, 0}, "missing", one.offset);
      return;
    }
    show(found->first, found->second, "referenced", one.offset);
    blobs_.erase(found);
  }

  void show(const blob_name &name, const stored_blob &blob, const char *state, std::optional<wire::offset_t> offset) {
    const auto &[store, key] = name;
    if (console_.json()) {
      console_.object({{"log", log_},
                       {"store", store},
                       {"key", key},
                       {"bytes", blob.bytes},
                       {"state", state},
                       {"offset", offset ? ordered_json(*offset) : ordered_json(nullptr)},
                       {"modified_s", blob.modified_s == 0 ? ordered_json(nullptr) : ordered_json(blob.modified_s)}});
      return;
    }
    console_.text(fmt::format("{} {}: {} bytes, {}{}{}\n", store, key, blob.bytes, state,
                              offset ? fmt::format(" at {}", *offset) : "",
                              blob.modified_s == 0 ? "" : ", modified " + time_text(blob.modified_s)));
  }

  const std::string log_;
  blob_questions questions_;
  console &console_;
  std::map<blob_name, stored_blob> blobs_; ///< that no reference was found for yet
};

// ---- verify ---------------------------------------------------------------------------------------------------------

class verify_run {
public:
  verify_run(const blob_verify_command &what, const common_options &common, session &with, console &to)
      : log_(what.log), questions_(with.client(), what.log, common.timeout), console_(to), progress_(!to.json()) {}

  int run() {
    const result<void> read = questions_.references([this](const reference &one) {
      std::uint64_t read_bytes = 0;
      const result<void> intact = questions_.verify(one, [&](std::uint64_t bytes) {
        read_bytes += bytes;
        if (progress_.due()) {
          progress_.draw(fmt::format("{} {} {}", log_, one.offset, bar(read_bytes, one.bytes)));
        }
      });
      progress_.clear();
      if (!interrupted()) {
        show(one, intact);
      }
      return console_.ok();
    });
    if (!read) {
      return console_.failed(said_by_node(read.error()));
    }
    if (interrupted()) {
      return say_interrupted(log_, console_);
    }
    if (!console_.json()) {
      console_.text(fmt::format("{}: {} spilled payloads, {} not intact\n", log_, all_, bad_));
    }
    return bad_ == 0 ? exit_done : exit_refused;
  }

private:
  static const char *state_of(code why) {
    switch (why) {
    case code::blob_missing:
      return "missing";
    case code::blob_corrupt:
      return "damaged";
    case code::blob_denied:
      return "denied";
    default:
      return "unavailable";
    }
  }

  void show(const reference &one, const result<void> &intact) {
    ++all_;
    bad_ += intact ? 0 : 1;
    const char *state = intact ? "intact" : state_of(intact.error().code);
    if (!console_.json()) {
      console_.text(fmt::format("{} {}: {} {}, {} bytes, {}{}\n", log_, one.offset, one.store, one.key, one.bytes,
                                state, intact ? "" : ": " + intact.error().text));
      return;
    }
    ordered_json line{{"log", log_},    {"offset", one.offset}, {"store", one.store},
                      {"key", one.key}, {"bytes", one.bytes},   {"state", state}};
    if (!intact) {
      line["code"] = std::string(name_of(intact.error().code));
      line["text"] = intact.error().text;
    }
    console_.object(line);
  }

  const std::string log_;
  blob_questions questions_;
  console &console_;
  progress progress_;
  std::uint64_t all_ = 0;
  std::uint64_t bad_ = 0;
};

} // namespace

int run(const blob_list_command &what, const common_options &common, session &with, console &to) {
  return list_run(what, common, with, to).run();
}

int run(const blob_verify_command &what, const common_options &common, session &with, console &to) {
  return verify_run(what, common, with, to).run();
}

} // namespace outsize::host
