#include "host/segment/repair.hpp"

#include <outsize/wire/codec.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {

namespace {

/// How many leading entries of `answer` are consecutive from `from` and intact, and the bytes of them.
struct leading {
  std::size_t entries = 0;
  std::uint64_t bytes = 0;
};

leading intact_entries(const wire::fetched &answer, const rope &payload, offset_t from) {
  leading found;
  for (const buffer &raw : answer.entry_headers) {
    const result<wire::entry_header> header = wire::decode_entry_header(raw.span());
    if (!header || header->offset != from + found.entries) {
      break;
    }
    const std::uint64_t bytes = header->record_header_bytes + header->payload_bytes;
    if (bytes > payload.size() - found.bytes ||
        !wire::verify_entry(header.value(), payload.slice(found.bytes, bytes)).has_value()) {
      break;
    }
    ++found.entries;
    found.bytes += bytes;
  }
  return found;
}

} // namespace

repair::repair(settings how, peers &servers) : settings_(std::move(how)), peers_(servers), at_(settings_.range.from) {}

repair::~repair() {
  *alive_ = false;
}

void repair::on_time(time_point now) {
  now_ = now;
  if (!busy_ && !done() && !superseded_ && now >= resume_at_) {
    fetch_next();
  }
}

void repair::fetch_next() {
  if (sources_.empty()) {
    for (const auto &[node, tail] : settings_.local_tails) {
      if (tail > at_) {
        sources_.push_back(node);
      }
    }
    // The one that got furthest is tried first (it is taken from the back).
    std::sort(sources_.begin(), sources_.end(), [this](const std::string &one, const std::string &other) {
      return settings_.local_tails.at(one) < settings_.local_tails.at(other);
    });
  }
  source_ = sources_.back();
  sources_.pop_back();
  wire::fetch message;
  message.segment = settings_.segment;
  message.from = at_;
  message.to = settings_.range.to;
  message.bytes_max = settings_.fetch_bytes_max;
  message.flags = wire::fetch_beyond_tail;
  message.global_tail = settings_.range.from;
  busy_ = true;
  peers_.fetch(source_, message, now_ + settings_.timeout,
               [this, alive = alive_, node = source_](const result<wire::fetched> &answer, const rope &payload) {
                 if (*alive) {
                   busy_ = false;
                   on_fetched(node, answer, payload);
                 }
               });
}

void repair::on_fetched(const std::string &node, const result<wire::fetched> &answer, const rope &payload) {
  if (!answer) {
    fail(node, answer.error().text);
    return;
  }
  const leading found = intact_entries(answer.value(), payload, at_);
  if (found.entries == 0) {
    fail(node, fmt::format("offset {} is missing or damaged there", at_));
    return;
  }
  piece_.answer = answer.value();
  piece_.answer.entry_headers.resize(found.entries);
  piece_.payload = payload.slice(0, found.bytes);
  piece_.next = at_ + found.entries;
  store_piece();
}

void repair::store_piece() {
  wire::store message;
  message.segment = settings_.segment;
  message.generation = settings_.generation;
  message.wave = 1;
  message.flags = wire::store_is_repair;
  message.global_tail = settings_.range.from;
  message.first = at_;
  message.time_left_ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(settings_.timeout).count());
  message.entry_headers = piece_.answer.entry_headers;
  copies_ = 1; // the source's own
  busy_ = true;
  unanswered_ = settings_.local_tails.size() - 1;
  for (const auto &[node, tail] : settings_.local_tails) {
    if (node == source_) {
      continue;
    }
    peers_.store(node, message, piece_.payload, now_ + settings_.timeout,
                 [this, alive = alive_, node = node](const result<wire::stored> &answer, const rope &) {
                   if (*alive) {
                     on_stored(node, answer);
                   }
                 });
  }
  if (unanswered_ == 0) {
    on_stored(source_, wire::stored{});
  }
}

void repair::on_stored(const std::string &node, const result<wire::stored> &answer) {
  if (unanswered_ > 0) {
    --unanswered_;
    const bool held = answer && !answer->refused.has_value();
    copies_ += held ? 1 : 0;
    if (!held) {
      const error why = answer ? wire::to_error(*answer->refused) : answer.error();
      superseded_ = superseded_ || why.code == code::fenced;
      failures_[node] = why.text;
    }
  }
  if (unanswered_ > 0) {
    return;
  }
  busy_ = false;
  if (copies_ < settings_.replication) {
    resume_at_ = now_ + settings_.pause;
    sources_.clear();
    return;
  }
  entries_copied_ += piece_.next - at_;
  at_ = piece_.next;
  piece_ = {};
  sources_.clear();
  resume_at_ = now_;
}

void repair::fail(const std::string &node, const std::string &why) {
  failures_[node] = why;
  resume_at_ = sources_.empty() ? now_ + settings_.pause : now_;
}

std::string repair::waits_for() const {
  std::vector<std::string> why;
  for (const auto &[node, text] : failures_) {
    why.push_back(fmt::format("{}: {}", node, text));
  }
  return fmt::format("repair of segment {}: at offset {} of [{}, {}){}{}", settings_.segment.index, at_,
                     settings_.range.from, settings_.range.to, why.empty() ? "" : "; ", fmt::join(why, "; "));
}

} // namespace outsize::host
