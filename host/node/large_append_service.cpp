#include "host/node/large_append_service.hpp"

#include <algorithm>
#include <utility>

namespace outsize::host {

namespace {

append_streams::settings settings_of(const node_context &node) {
  append_streams::settings made;
  made.node = node.options.name;
  made.relayed_bytes_max = std::max(node.options.append_window_bytes, node.options.message_limit_bytes);
  made.now = [&node] { return node.now; };
  return made;
}

} // namespace

large_append_service::large_append_service(node_context &node, log_keeper &logs, append_service &whole)
    : node_(node), streams_(settings_of(node), [&node, &logs, &whole](const wire::open_append &what) {
        return find_large_append_route(node, logs, whole, what);
      }) {}

bool large_append_service::takes(wire::kind what) {
  return what == wire::kind::open_append || what == wire::kind::append_piece || what == wire::kind::finish_append ||
         what == wire::kind::abandon_append;
}

wire::large_decision large_append_service::on_large(const wire::large_offer &offer) {
  if (offer.what != wire::kind::append_piece) {
    return offer.payload_bytes <= wire::record_fields_bytes_max
               ? wire::large_decision::taken()
               : wire::large_decision::refused(size_error(code::malformed,
                                                          "a message of a large append has bytes that nobody asked for",
                                                          offer.payload_bytes, wire::record_fields_bytes_max));
  }
  const result<wire::append_piece> message = wire::decode<wire::append_piece>(offer.header);
  if (!message) {
    return wire::large_decision::refused(message.error());
  }
  std::optional<wire::append_result> no = streams_.refuses(offer.link.id, message.value(), offer.payload_bytes);
  if (!no.has_value()) {
    return wire::large_decision::taken();
  }
  answer(node_, {offer.link.id, offer.number}, wire::piece_taken{std::move(no)});
  return wire::large_decision::answered();
}

void large_append_service::on_message(wire::incoming &&request) {
  switch (request.what) {
  case wire::kind::open_append:
    on_open(std::move(request));
    return;
  case wire::kind::append_piece:
    on_piece(std::move(request));
    return;
  case wire::kind::finish_append:
    on_finish(request);
    return;
  default:
    on_abandon(request);
  }
}

void large_append_service::on_open(wire::incoming &&request) {
  result<wire::open_append> message = wire::decode<wire::open_append>(request.header);
  if (!message) {
    answer_error(node_, asker_of(request), message.error());
    return;
  }
  streams_.on_open(request.link, std::move(message).value(), request.payload.flatten(),
                   answer_to<wire::append_opened>(request));
}

void large_append_service::on_piece(wire::incoming &&request) {
  const result<wire::append_piece> message = wire::decode<wire::append_piece>(request.header);
  if (!message) {
    answer_error(node_, asker_of(request), message.error());
    return;
  }
  streams_.on_piece(request.link, message.value(), std::move(request.payload), answer_to<wire::piece_taken>(request));
}

void large_append_service::on_finish(const wire::incoming &request) {
  const result<wire::finish_append> message = wire::decode<wire::finish_append>(request.header);
  if (!message) {
    answer_error(node_, asker_of(request), message.error());
    return;
  }
  streams_.on_finish(request.link, message.value(), answer_to<wire::append_finished>(request));
}

void large_append_service::on_abandon(const wire::incoming &message) {
  if (const result<wire::abandon_append> what = wire::decode<wire::abandon_append>(message.header); what) {
    streams_.on_abandon(message.link, what.value());
  }
}

} // namespace outsize::host
