#include "host/node/blob_keeper.hpp"
#include "unit/blob/support/service_rig.hpp"

#include <outsize/abi/host.h>

#include <map>
#include <utility>

using namespace outsize;
using namespace outsize::host;
using namespace outsize::test;
using namespace std::chrono_literals;

namespace {

/// The metadata node, as far as keys go: compare-and-swap.
class one_metadata {
public:
  wire::metadata_updated update(const wire::update_metadata &message) {
    wire::metadata_item &item = items[message.key];
    item.key = message.key;
    const bool swaps = item.version == message.expected_version;
    if (swaps) {
      item = {message.key, ++revision, message.value};
    }
    return {static_cast<std::uint8_t>(swaps ? 1 : 0), item};
  }
  [[nodiscard]] wire::metadata all() const {
    wire::metadata made;
    made.cluster = wire::cluster_id{7};
    made.revision = revision;
    for (const auto &[key, item] : items) {
      made.items.push_back(item);
    }
    return made;
  }
  [[nodiscard]] std::string marker_of_store(const std::string &store) const {
    const auto found = items.find("blob-store/" + store);
    return found == items.end() ? "" : decode_blob_store_record(found->second.value)->marker;
  }

  std::uint64_t nodes = 0; ///< that were made so far
  std::uint64_t revision = 1;
  std::map<std::string, wire::metadata_item> items;
};

/// A node with one blob store called "archive" on `shelf`, as far as its keeper is concerned.
class keeping_node final : metadata_link {
public:
  keeping_node(one_metadata &metadata, bent_shelf &shelf)
      : metadata_(metadata), follower_(*this, follower_options()), random_(++metadata.nodes << 32U) {
    context.options.random = [this] { return ++random_ * 0x9e3779b97f4a7c15ULL; };
    context.options.log = [this](int level, const std::string &line) { log(level, line); };
    context.metadata = &follower_;
    context.generation = 1;
    blob_service_options how;
    how.looks.look_every = 1ms;
    how.now = &steady_now;
    how.log = context.options.log;
    std::vector<blob_source> stores;
    stores.push_back({"archive", open_bent_store(shelf), {}});
    service = blob_service::start(std::move(stores), std::move(how)).value();
    keeper_.emplace(context, *service);
  }

  /// A round of the node's loop.
  void round() {
    context.now = steady_now();
    service->run_completions();
    service->on_time(context.now);
    follower_.on_time(context.now);
    for (const auto &answer : std::exchange(answers_, {})) {
      answer();
    }
    if (std::exchange(view_changed_, false)) {
      keeper_->on_view_changed();
    }
    keeper_->on_time();
  }
  [[nodiscard]] std::uint32_t state() const { return service->facts().front().state; }
  [[nodiscard]] std::string reason() const { return service->facts().front().reason; }

  node_context context;
  std::unique_ptr<blob_service> service;
  std::vector<std::string> errors;
  bool updates_fail = false;

private:
  metadata_follower::options follower_options() {
    metadata_follower::options made;
    made.retry_after = 1ms;
    made.on_changed = [this] { view_changed_ = true; };
    made.on_bad_record = [](const error &why) { FAIL(why.text); };
    return made;
  }
  void log(int level, const std::string &line) {
    if (level >= static_cast<int>(OUTSIZE_LOG_ERROR)) {
      errors.push_back(line);
    }
  }
  void sync(wire::sync_metadata, time_point, std::function<void(result<wire::metadata>)> then) override {
    answers_.emplace_back([this, then = std::move(then)] { then(metadata_.all()); });
  }
  void update(wire::update_metadata message, time_point,
              std::function<void(result<wire::metadata_updated>)> then) override {
    answers_.emplace_back([this, message = std::move(message), then = std::move(then)] {
      if (updates_fail) {
        then(make_error(code::metadata_unavailable, "away"));
      } else {
        then(metadata_.update(message));
      }
    });
  }

  one_metadata &metadata_;
  metadata_follower follower_;
  bool view_changed_ = false;
  std::vector<std::function<void()>> answers_;
  std::uint64_t random_;
  std::optional<blob_keeper> keeper_;
};

/// Rounds of all nodes, in turn, until `done`.
void run_until(const std::vector<keeping_node *> &nodes, const std::function<bool()> &done) {
  const time_point until = steady_now() + rig_patience;
  while (!done()) {
    REQUIRE(steady_now() < until);
    for (keeping_node *node : nodes) {
      node->round();
      pollfd readable{node->service->event_fd(), POLLIN, 0};
      ::poll(&readable, 1, 1);
    }
  }
}

bool are_ready(const std::vector<keeping_node *> &nodes) {
  return std::all_of(nodes.begin(), nodes.end(),
                     [](const keeping_node *node) { return node->state() == OUTSIZE_BLOB_STORE_READY; });
}

} // namespace

TEST_CASE("blob marker: the first node makes it, and all of them find it") {
  one_metadata metadata;
  bent_shelf shelf;
  keeping_node a(metadata, shelf);
  keeping_node b(metadata, shelf);
  run_until({&a, &b}, [&] { return are_ready({&a, &b}); });
  const blob_marker found = decode_blob_marker(*shelf.blob("outsize/marker")).value();
  CHECK(found.id == metadata.marker_of_store("archive"));
  CHECK(found.id.size() == 32);
  CHECK(found.cluster == to_hex(wire::cluster_id{7}));
  CHECK(found.store == "archive");
  CHECK((a.errors.empty() && b.errors.empty()));
}

TEST_CASE("blob marker: a node that makes one and dies before the metadata knows it: the next one records it") {
  one_metadata metadata;
  bent_shelf shelf;
  {
    keeping_node first(metadata, shelf);
    first.updates_fail = true;
    run_until({&first}, [&] { return shelf.blob("outsize/marker").has_value(); });
  }
  const std::string made = decode_blob_marker(*shelf.blob("outsize/marker"))->id;
  keeping_node next(metadata, shelf);
  run_until({&next}, [&] { return are_ready({&next}); });
  CHECK(metadata.marker_of_store("archive") == made);
}

TEST_CASE("blob marker: an update with an unknown outcome is tried again") {
  one_metadata metadata;
  bent_shelf shelf;
  keeping_node node(metadata, shelf);
  node.updates_fail = true;
  run_until({&node}, [&] { return node.reason() == "its marker is not in the metadata yet"; });
  node.updates_fail = false;
  run_until({&node}, [&] { return are_ready({&node}); });
}

TEST_CASE("blob marker: a store that takes none at first is marked as soon as it can be") {
  one_metadata metadata;
  bent_shelf shelf;
  shelf.fail("begin", code::blob_denied);
  keeping_node node(metadata, shelf);
  run_until({&node}, [&] { return shelf.calls("begin") >= 1 && node.reason() == "it has no marker yet"; });
  shelf.heal();
  run_until({&node}, [&] { return are_ready({&node}); });
}

TEST_CASE("blob marker: a node that sees another directory than the others refuses it") {
  one_metadata metadata;
  bent_shelf shared;
  bent_shelf alone;
  keeping_node a(metadata, shared);
  run_until({&a}, [&] { return are_ready({&a}); });
  keeping_node b(metadata, alone);
  run_until({&a, &b}, [&] { return b.state() == OUTSIZE_BLOB_STORE_FOREIGN; });
  CHECK(b.reason().starts_with("it has no marker, and the metadata knows " + metadata.marker_of_store("archive")));
  REQUIRE(b.errors.size() == 1);
  CHECK(b.errors.front().starts_with("blob store refused: store=archive reason=\"it has no marker"));
  CHECK_FALSE(alone.blob("outsize/marker").has_value());
  CHECK(are_ready({&a}));
}

TEST_CASE("blob marker: of two nodes that begin at once on two directories one is refused") {
  one_metadata metadata;
  bent_shelf one;
  bent_shelf two;
  keeping_node a(metadata, one);
  keeping_node b(metadata, two);
  run_until({&a, &b}, [&] {
    return (are_ready({&a}) && b.state() == OUTSIZE_BLOB_STORE_FOREIGN) ||
           (are_ready({&b}) && a.state() == OUTSIZE_BLOB_STORE_FOREIGN);
  });
}

TEST_CASE("blob marker: another cluster's store is refused and nothing is recorded of it") {
  one_metadata metadata;
  bent_shelf shelf;
  blob_marker other = marker_of("archive");
  other.cluster = to_hex(wire::cluster_id{9});
  shelf.put("outsize/marker", encode(other));
  keeping_node node(metadata, shelf);
  run_until({&node}, [&] { return node.state() == OUTSIZE_BLOB_STORE_FOREIGN; });
  CHECK(metadata.marker_of_store("archive").empty());
  CHECK(*shelf.blob("outsize/marker") == encode(other));
}

TEST_CASE("blob marker: a node that is not registered yet makes and records nothing") {
  one_metadata metadata;
  bent_shelf shelf;
  keeping_node node(metadata, shelf);
  node.context.generation = 0;
  run_until({&node}, [&] { return shelf.calls("get") >= 3; });
  CHECK(shelf.keys().empty());
  CHECK(metadata.items.empty());
  node.context.generation = 1;
  metadata.update({"node/n1", 0, encode(node_record{"n1", 1, 4096, {}, true, true})}); // so it becomes registered
  run_until({&node}, [&] { return are_ready({&node}); });
}
