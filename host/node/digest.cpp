#include "host/node/digest.hpp"

#include "host/node/split_sets.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace outsize::host {

using nlohmann::json;

namespace {
constexpr std::uint32_t page_entries = 4096;
constexpr auto page_timeout = std::chrono::seconds(10);
constexpr std::size_t conflicts_max = 100;
} // namespace

struct digest_walk::state {
  log_record log;
  offset_t from = 0;
  offset_t to = 0; ///< exclusive
  peers *servers = nullptr;
  std::function<time_point()> now;
  answered then;

  std::size_t segment = 0; ///< place in the chain
  std::size_t member = 0;  ///< place in its nodeset
  offset_t next = 0;
  bool begun = false;

  std::vector<offset_range> ranges; ///< of the present server
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  wire::digest all{}; ///< of the checksums so far, chained
  wire::server_state seen;

  std::map<offset_t, wire::digest> first_seen; ///< of the present segment
  split_sets sets;                             ///< of the present segment
  json conflicts = json::array();
  json servers_json = json::array();
  json segments_json = json::array();

  void take(const wire::entry_header &header);
  void reset_server();
};

void digest_walk::state::take(const wire::entry_header &header) {
  if (!ranges.empty() && ranges.back().to == header.offset) {
    ++ranges.back().to;
  } else {
    ranges.push_back({header.offset, header.offset + 1});
  }
  ++entries;
  bytes += wire::entry_header_bytes + header.record_header_bytes + header.payload_bytes;
  std::array<std::uint8_t, 32> chained{};
  std::copy(all.begin(), all.end(), chained.begin());
  std::copy(header.checksum.begin(), header.checksum.end(), chained.begin() + 16);
  all = wire::digest_of(chained);
  const auto [known, fresh] = first_seen.try_emplace(header.offset, header.checksum);
  if (fresh) {
    sets.take(header);
  }
  if (!fresh && known->second != header.checksum && conflicts.size() < conflicts_max) {
    conflicts.push_back({{"offset", header.offset},
                         {"node", log.chain[segment].nodeset[member]},
                         {"checksum", wire::to_hex(header.checksum)},
                         {"other", wire::to_hex(known->second)}});
  }
}

void digest_walk::state::reset_server() {
  ranges.clear();
  entries = 0;
  bytes = 0;
  all = {};
  seen = {};
  begun = false;
}

digest_walk::digest_walk(std::unique_ptr<state> walk) : state_(std::move(walk)) {}

void digest_walk::start(const log_record &log, offset_t from, offset_t to, peers &servers,
                        std::function<time_point()> now, answered then) {
  auto walk = std::make_unique<state>();
  walk->log = log;
  walk->from = from;
  walk->to = to;
  walk->servers = &servers;
  walk->now = std::move(now);
  walk->then = std::move(then);
  const std::shared_ptr<digest_walk> made(new digest_walk(std::move(walk)));
  made->step();
}

void digest_walk::step() {
  state &walk = *state_;
  if (walk.segment == walk.log.chain.size()) {
    walk.then(json{{"log", walk.log.name}, {"segments", walk.segments_json}, {"conflicts", walk.conflicts}}.dump());
    return;
  }
  const segment_record &segment = walk.log.chain[walk.segment];
  if (walk.member == segment.nodeset.size()) {
    walk.segments_json.push_back({{"index", segment.index},
                                  {"base", segment.base},
                                  {"end", segment.end.has_value() ? json(*segment.end) : json(nullptr)},
                                  {"servers", std::exchange(walk.servers_json, json::array())},
                                  {"uncommitted", walk.sets.uncommitted_json()}});
    walk.first_seen.clear();
    walk.sets = {};
    walk.member = 0;
    ++walk.segment;
    step();
    return;
  }
  if (!walk.begun) {
    walk.begun = true;
    walk.next = std::max(walk.from, segment.base);
  }
  wire::list_entries question;
  question.segment = walk.log.id_of(segment);
  question.from = walk.next;
  question.to = std::min(walk.to, segment.end.value_or(UINT64_MAX));
  question.count_max = page_entries;
  if (question.from >= question.to) {
    finish_server("");
    return;
  }
  walk.servers->list_entries(
      segment.nodeset[walk.member], question, walk.now() + page_timeout,
      [self = shared_from_this()](const result<wire::entries> &page, const rope &) { self->on_page(page); });
}

void digest_walk::on_page(const result<wire::entries> &page) {
  state &walk = *state_;
  if (!page) {
    finish_server(page.error().text);
    return;
  }
  walk.seen = page->state;
  for (const buffer &raw : page->entry_headers) {
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header) {
      finish_server(fmt::format("an entry header is damaged: {}", header.error().text));
      return;
    }
    walk.take(header.value());
  }
  if (walk.first_seen.size() > offsets_max) {
    walk.then(make_error(code::too_large, fmt::format("a digest covers at most {} offsets", offsets_max),
                         "narrow it with --from and --to"));
    return;
  }
  if (page->next <= walk.next || page->entry_headers.empty()) {
    finish_server("");
    return;
  }
  walk.next = page->next;
  step();
}

void digest_walk::finish_server(const std::string &failure) {
  state &walk = *state_;
  json ranges = json::array();
  for (const offset_range &range : walk.ranges) {
    ranges.push_back({range.from, range.to - 1});
  }
  walk.servers_json.push_back({{"node", walk.log.chain[walk.segment].nodeset[walk.member]},
                               {"error", failure},
                               {"ranges", ranges},
                               {"entries", walk.entries},
                               {"bytes", walk.bytes},
                               {"digest", wire::to_hex(walk.all)},
                               {"local_tail", walk.seen.local_tail},
                               {"global_tail", walk.seen.global_tail},
                               {"sealed", walk.seen.sealed != 0}});
  walk.reset_server();
  ++walk.member;
  step();
}

} // namespace outsize::host
