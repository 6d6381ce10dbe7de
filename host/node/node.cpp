#include "host/node/node.hpp"

#include "host/chain/metadata_server.hpp"
#include "host/logserver/log_server.hpp"
#include "host/node/append_service.hpp"
#include "host/node/blob_keeper.hpp"
#include "host/node/catch_up_keeper.hpp"
#include "host/node/commands.hpp"
#include "host/node/context.hpp"
#include "host/node/large_append_service.hpp"
#include "host/node/log_keeper.hpp"
#include "host/node/read_service.hpp"
#include "host/node/registration.hpp"
#include "host/node/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outsize::host {

namespace {

constexpr std::uint16_t protocol_version = 1;

wire::endpoint_options endpoint_options_of(const node_options &options) {
  wire::endpoint_options made;
  made.self.protocol_min = protocol_version;
  made.self.protocol_max = protocol_version;
  made.self.role = wire::peer_role::node;
  made.self.cluster = options.cluster;
  made.self.cluster_name = options.cluster_name;
  made.self.node = options.name;
  made.self.message_limit_bytes = options.message_limit_bytes;
  made.self.part_window_bytes = options.part_window_bytes;
  made.self.append_window_bytes = options.append_window_bytes;
  made.assembly_bytes_max = assembly_bytes_max_of(options);
  return made;
}

constexpr std::string_view inmemory_scheme = "inmemory://";

} // namespace

struct node::state final : wire::endpoint_handler {
  explicit state(node_options given)
      : endpoint(endpoint_options_of(given), *this, given.random),
        links(endpoint, peer_links::options{given.metadata_node}), metadata(links, follower_options()), logs(context),
        appends(context, logs), reads(context, appends), registering(context, [this] { on_registered(); }),
        operators(context, logs, reads, [this] { return node_status_json(context, logs, ready()); }) {
    context.options = std::move(given);
    context.endpoint = &endpoint;
    context.links = &links;
    context.metadata = &metadata;
    larges = std::make_unique<large_append_service>(context, logs, appends);
    context.blobs = context.options.blobs;
    if (context.options.blobs != nullptr) {
      blobs = std::make_unique<blob_keeper>(context, *context.options.blobs);
    }
  }

  node_context context;
  wire::endpoint endpoint;
  peer_links links;
  metadata_follower metadata;
  log_keeper logs;
  append_service appends;
  std::unique_ptr<large_append_service> larges; ///< appends in pieces
  read_service reads;
  registration registering;
  commands operators;
  std::unique_ptr<log_server> server;
  std::unique_ptr<catch_up_keeper> missing;
  std::unique_ptr<metadata_server> store;
  std::unique_ptr<blob_keeper> blobs;
  std::vector<std::string> bound;
  bool view_changed = false;
  bool draining = false;
  bool closing = false;
  time_point drain_until = never;

  metadata_follower::options follower_options() {
    metadata_follower::options made;
    made.on_changed = [this] { view_changed = true; };
    made.on_bad_record = [this](const error &why) {
      context.log(OUTSIZE_LOG_ERROR, fmt::format("metadata passed over: reason=\"{}\"", why.text));
    };
    return made;
  }
  /// Registered, and the logs of its file are there: whoever reads `ready` may append.
  [[nodiscard]] bool ready() const { return context.generation != 0 && logs.own_logs_tried(); }

  // ---- start ----
  result<void> start();
  result<void> start_log_server();
  result<void> start_metadata();
  result<void> listen_and_dial();
  void on_registered() {
    context.log(OUTSIZE_LOG_INFO,
                fmt::format("registered: node={} generation={} message-limit={}", context.options.name,
                            context.generation, context.options.message_limit_bytes));
    logs.on_registered();
    if (blobs != nullptr) {
      blobs->on_view_changed();
    }
  }

  // ---- wire::endpoint_handler ----
  result<void> on_hello(const wire::hello &peer, const std::string &address) override;
  void on_link_up(const wire::link_info &link) override;
  void on_link_down(const wire::link_info &link, const error &why) override;
  void on_dial_failed(wire::dial_id dial, const std::string &, const error &why) override;
  wire::large_decision on_large(const wire::large_offer &offer) override;
  void on_message(wire::incoming &&message) override;
  void on_misbehaviour(const std::string &address, const error &why) override {
    context.log(OUTSIZE_LOG_WARN,
                fmt::format("link closed: peer={} code={} reason=\"{}\"", address, name_of(why.code), why.text));
  }

  // ---- dispatch ----
  void on_server_message(wire::incoming &&message);
  void on_metadata_message(const wire::incoming &message);
  template <class Message, class Then> void with(const wire::incoming &request, Then &&then) {
    const result<Message> decoded = wire::decode<Message>(request.header);
    if (!decoded) {
      answer_error(context, asker_of(request), decoded.error());
      return;
    }
    then(decoded.value());
  }
  void refuse_role(const wire::incoming &request, const char *role) {
    answer_error(context, asker_of(request),
                 make_error(code::unsupported, fmt::format("node {} is no {}", context.options.name, role)));
  }

  // ---- rounds ----
  time_point poll(time_point now);
  void run_machines();
  [[nodiscard]] time_point next_time() const;
};

// ---- start ----------------------------------------------------------------------------------------------------------

result<void> node::state::start_log_server() {
  node_options &options = context.options;
  if (!options.is_log_server) {
    return {};
  }
  if (options.log_server_memory_bytes < options.message_limit_bytes) {
    return size_error(
        code::budget_too_small,
        fmt::format("{} = {} bytes is below node.message-limit = {} bytes: one legal message would not fit",
                    options.log_server_memory_key, options.log_server_memory_bytes, options.message_limit_bytes),
        options.log_server_memory_bytes, options.message_limit_bytes);
  }
  auto known = options.entries->load();
  if (!known) {
    return known.error();
  }
  log_server_options how;
  how.memory_budget_bytes = options.log_server_memory_bytes;
  how.on_fail_stop = options.on_fatal;
  how.on_segment_stopped = [this](const segment_id &segment, const error &why) {
    context.log(OUTSIZE_LOG_ERROR, fmt::format("segment stopped on this server: log={} segment={} reason=\"{}\"",
                                               segment.log, segment.index, why.text));
  };
  how.on_damaged = [this](const segment_id &segment, offset_t offset) {
    context.log(OUTSIZE_LOG_ERROR, fmt::format("entry damaged on this server: log={} segment={} offset={}", segment.log,
                                               segment.index, offset));
    missing->on_damaged(segment, offset);
  };
  server = std::make_unique<log_server>(*options.entries, std::move(known).value(), std::move(how));
  context.server = server.get();
  missing = std::make_unique<catch_up_keeper>(context, *server);
  return {};
}

result<void> node::state::start_metadata() {
  node_options &options = context.options;
  if (options.metadata_node != options.name) {
    return {};
  }
  wire::cluster_id fresh{};
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    fresh[i] = static_cast<std::uint8_t>(options.random());
  }
  store = std::make_unique<metadata_server>(*options.values, options.on_fatal);
  return store->load(fresh);
}

result<void> node::state::listen_and_dial() {
  node_options &options = context.options;
  const bool has_inmemory = std::any_of(options.transports.begin(), options.transports.end(),
                                        [](const auto &transport) { return transport->serves(inmemory_scheme); });
  for (std::unique_ptr<transport_handle> &transport : options.transports) {
    endpoint.add_transport(std::move(transport));
  }
  const std::string inmemory = std::string(inmemory_scheme) + options.name;
  if (has_inmemory && std::find(options.listen.begin(), options.listen.end(), inmemory) == options.listen.end()) {
    options.listen.push_back(inmemory);
  }
  for (const std::string &address : options.listen) {
    result<std::string> listening = endpoint.listen(address);
    if (!listening) {
      return listening.error();
    }
    bound.push_back(std::move(listening).value());
  }
  registering.set_addresses(bound);
  for (const peer_address &peer : options.peers) {
    // A node reaches itself by message like everybody else; by memory where it can.
    const bool itself = peer.name == options.name && has_inmemory;
    if (result<void> added = links.add(peer.name, itself ? inmemory : peer.address); !added) {
      return added;
    }
  }
  return {};
}

result<void> node::state::start() {
  if (result<void> outcome = start_log_server(); !outcome) {
    return outcome;
  }
  if (result<void> outcome = start_metadata(); !outcome) {
    return outcome;
  }
  return listen_and_dial();
}

// ---- links ----------------------------------------------------------------------------------------------------------

result<void> node::state::on_hello(const wire::hello &peer, const std::string &address) {
  const node_options &options = context.options;
  if (!peer.cluster_name.empty() && peer.cluster_name != options.cluster_name) {
    return make_error(code::wrong_cluster,
                      fmt::format("\"{}\" at {} belongs to cluster \"{}\", node {} to cluster \"{}\"",
                                  peer.node.substr(0, wire::node_name_bytes_max), address,
                                  peer.cluster_name.substr(0, wire::node_name_bytes_max), options.name,
                                  options.cluster_name));
  }
  const bool both_known = peer.cluster != wire::cluster_id{} && options.cluster != wire::cluster_id{};
  if (both_known && peer.cluster != options.cluster) {
    return make_error(code::wrong_cluster,
                      fmt::format("\"{}\" at {} has data of another cluster than node {}, of the same name",
                                  peer.node.substr(0, wire::node_name_bytes_max), address, options.name),
                      "correct the data-dir of one of the two, or the addresses under [[peer]]");
  }
  if (peer.message_limit_bytes < wire::message_limit_bytes_min) {
    return size_error(code::invalid_argument,
                      fmt::format("\"{}\" at {} has a message limit of {} bytes; the smallest legal one is {}",
                                  peer.node.substr(0, wire::node_name_bytes_max), address, peer.message_limit_bytes,
                                  wire::message_limit_bytes_min),
                      peer.message_limit_bytes, wire::message_limit_bytes_min);
  }
  return {};
}

void node::state::on_link_up(const wire::link_info &link) {
  if (!links.on_link_up(link)) {
    return;
  }
  const std::string peer = links.node_of(link.id);
  if (const auto change = links.now_reachable(peer)) {
    context.log(OUTSIZE_LOG_INFO, fmt::format("peer reachable: node={} address={}", peer, change->address));
  }
  if (link.link == wire::link_class::stores) {
    logs.on_store_link_up(peer);
  }
  if (link.link == wire::link_class::control) {
    logs.on_control_link_up(peer);
    if (peer == context.options.metadata_node) {
      metadata.on_link_up(context.now);
    }
  }
}

void node::state::on_link_down(const wire::link_info &link, const error &why) {
  reads.on_link_down(link.id);
  larges->on_link_down(link.id);
  const std::string peer = links.node_of(link.id);
  if (!links.on_link_down(link, why)) {
    return;
  }
  context.log(OUTSIZE_LOG_INFO, fmt::format("link down: node={} address={} code={} reason=\"{}\"", peer, link.address,
                                            name_of(why.code), why.text));
  if (link.link == wire::link_class::stores) {
    logs.on_store_link_down(peer);
    larges->on_store_link_down(peer);
  }
}

void node::state::on_dial_failed(wire::dial_id dial, const std::string &, const error &why) {
  // Who was never taken in by the metadata node, and cannot be, does not wait for it in vain.
  if (why.code == code::wrong_cluster && !ready() && links.node_of_dial(dial) == context.options.metadata_node) {
    context.options.on_fatal(why);
    return;
  }
  const auto change = links.on_dial_failed(dial, why);
  if (!change) {
    return;
  }
  const bool waits = !ready() && change->node == context.options.metadata_node;
  context.log(
      waits ? OUTSIZE_LOG_WARN : OUTSIZE_LOG_INFO,
      fmt::format("peer not reachable: node={} address={} code={} reason=\"{}\"{}", change->node, change->address,
                  name_of(why.code), why.text,
                  waits ? " consequence=\"it keeps the metadata: this node is not ready before it answers\"" : ""));
}

// ---- messages -------------------------------------------------------------------------------------------------------

wire::large_decision node::state::on_large(const wire::large_offer &offer) {
  if (offer.what == wire::kind::append) {
    return appends.on_large(offer);
  }
  if (large_append_service::takes(offer.what)) {
    return larges->on_large(offer);
  }
  return wire::large_decision::taken(); // stores and answers between nodes: bounded by the assembly budget
}

void node::state::on_message(wire::incoming &&message) {
  switch (message.what) {
  case wire::kind::append:
    appends.on_append(std::move(message));
    return;
  case wire::kind::read:
    reads.on_read(message);
    return;
  case wire::kind::read_payload:
    reads.on_read_payload(message);
    return;
  case wire::kind::find_tail:
    appends.on_find_tail(message);
    return;
  case wire::kind::open_append:
  case wire::kind::append_piece:
  case wire::kind::finish_append:
  case wire::kind::abandon_append:
    larges->on_message(std::move(message));
    return;
  case wire::kind::command:
    operators.on_command(message);
    return;
  case wire::kind::sync_metadata:
  case wire::kind::update_metadata:
    on_metadata_message(message);
    return;
  default:
    on_server_message(std::move(message));
  }
}

void node::state::on_metadata_message(const wire::incoming &message) {
  if (store == nullptr) {
    refuse_role(message, "metadata node");
    return;
  }
  const asker to = asker_of(message);
  if (message.what == wire::kind::sync_metadata) {
    with<wire::sync_metadata>(message, [&](const wire::sync_metadata &question) {
      store->on_sync(question, context.now, [this, to](const wire::metadata &news) { answer(context, to, news); });
    });
    return;
  }
  with<wire::update_metadata>(message, [&](const wire::update_metadata &question) {
    store->on_update(question, [this, to](const wire::metadata_updated &outcome) { answer(context, to, outcome); });
  });
}

void node::state::on_server_message(wire::incoming &&message) {
  if (server == nullptr) {
    refuse_role(message, "log server");
    return;
  }
  const asker to = asker_of(message);
  const auto answer_with_payload = [this, to](const auto &outcome, rope payload) {
    if (outcome) {
      answer(context, to, outcome.value(), std::move(payload));
    } else {
      answer_error(context, to, outcome.error());
    }
  };
  switch (message.what) {
  case wire::kind::store: {
    result<wire::store> question = wire::decode<wire::store>(message.header);
    if (!question) {
      answer_error(context, to, question.error());
      return;
    }
    server->on_store(std::move(question).value(), std::move(message.payload), context.now,
                     [this, to](const wire::stored &outcome) { answer(context, to, outcome); });
    return;
  }
  case wire::kind::seal:
    with<wire::seal>(message, [&](const wire::seal &question) {
      server->on_seal(question, [this, to](const wire::sealed &outcome) { answer(context, to, outcome); });
    });
    return;
  case wire::kind::fetch:
    with<wire::fetch>(message, [&](const wire::fetch &question) {
      server->on_fetch(question, [answer_with_payload](result<wire::fetched> outcome, rope payload) {
        answer_with_payload(outcome, std::move(payload));
      });
    });
    return;
  case wire::kind::fetch_set:
    with<wire::fetch_set>(message, [&](const wire::fetch_set &question) {
      server->on_fetch_set(question, [answer_with_payload](result<wire::set_fetched> outcome, rope payload) {
        answer_with_payload(outcome, std::move(payload));
      });
    });
    return;
  case wire::kind::list_entries:
    with<wire::list_entries>(message, [&](const wire::list_entries &question) {
      server->on_list_entries(question, [answer_with_payload](result<wire::entries> outcome, rope payload) {
        answer_with_payload(outcome, std::move(payload));
      });
    });
    return;
  case wire::kind::describe_segment:
    with<wire::describe_segment>(
        message, [&](const wire::describe_segment &question) { answer(context, to, server->on_describe(question)); });
    return;
  case wire::kind::release:
    with<wire::release>(message, [&](const wire::release &question) { server->on_release(question); });
    return;
  default:
    answer_error(context, to,
                 make_error(code::unsupported, fmt::format("node {} takes no message of kind {}", context.options.name,
                                                           static_cast<int>(message.what))));
  }
}

// ---- rounds ---------------------------------------------------------------------------------------------------------

time_point node::state::poll(time_point now) {
  context.now = now;
  endpoint.poll(now);
  if (context.options.entries != nullptr) {
    context.options.entries->run_completions();
  }
  if (context.options.values != nullptr) {
    context.options.values->run_completions();
  }
  if (context.options.blobs != nullptr) {
    context.options.blobs->run_completions();
    context.options.blobs->on_time(now);
  }
  run_machines();
  // What the machines just queued leaves in this round: an answer must not wait for the next descriptor.
  const time_point next = endpoint.poll_used(now);
  return links.has_deferred() ? now : std::min(next, next_time());
}

void node::state::run_machines() {
  links.run_deferred();
  if (store != nullptr && store->next_time() <= context.now) {
    store->on_time(context.now);
  }
  metadata.on_time(context.now);
  registering.on_time();
  if (std::exchange(view_changed, false)) {
    registering.on_view_changed();
    logs.on_view_changed();
    if (missing != nullptr) {
      missing->on_view_changed();
    }
    if (blobs != nullptr) {
      blobs->on_view_changed();
    }
  }
  if (missing != nullptr) {
    missing->on_time();
  }
  if (blobs != nullptr) {
    blobs->on_time();
  }
  logs.on_time();
  reads.on_time();
  larges->on_time();
  const bool empty = appends.in_flight() == 0 && larges->in_flight() == 0;
  if (draining && !closing && (empty || context.now >= drain_until)) {
    closing = true;
    endpoint.begin_close(
        make_error(code::shutting_down, fmt::format("node {} is shutting down", context.options.name)));
  }
}

time_point node::state::next_time() const {
  time_point next = std::min(
      {metadata.next_time(), registering.next_time(), logs.next_time(), reads.next_time(), larges->next_time()});
  if (store != nullptr) {
    next = std::min(next, store->next_time());
  }
  if (missing != nullptr) {
    next = std::min(next, missing->next_time());
  }
  if (blobs != nullptr) {
    next = std::min({next, blobs->next_time(), context.options.blobs->next_time()});
  }
  if (view_changed) {
    next = context.now;
  }
  return draining && !closing ? std::min(next, drain_until) : next;
}

// ---- the face -------------------------------------------------------------------------------------------------------

node::node(node_options options) : state_(std::make_unique<state>(std::move(options))) {}
node::~node() = default;

result<void> node::start(time_point now) {
  state_->context.now = now;
  return state_->start();
}

time_point node::poll(time_point now) {
  return state_->poll(now);
}

std::vector<int> node::event_fds() const {
  std::vector<int> fds = state_->endpoint.event_fds();
  if (state_->context.options.entries != nullptr) {
    fds.push_back(state_->context.options.entries->event_fd());
  }
  if (state_->context.options.values != nullptr) {
    fds.push_back(state_->context.options.values->event_fd());
  }
  if (state_->context.options.blobs != nullptr) {
    fds.push_back(state_->context.options.blobs->event_fd());
  }
  std::erase(fds, -1);
  std::sort(fds.begin(), fds.end());
  fds.erase(std::unique(fds.begin(), fds.end()), fds.end());
  return fds;
}

bool node::ready() const {
  return state_->ready();
}

const std::vector<std::string> &node::bound() const {
  return state_->bound;
}

void node::begin_drain(time_point now) {
  state_->context.now = now;
  state_->draining = true;
  state_->drain_until = now + state_->context.options.drain_max;
  state_->appends.begin_drain();
  state_->larges->begin_drain();
}

bool node::drained() const {
  return state_->closing && state_->endpoint.closed();
}

std::string node::status_json(time_point now) const {
  state_->context.now = now;
  return node_status_json(state_->context, state_->logs, state_->ready());
}

} // namespace outsize::host
