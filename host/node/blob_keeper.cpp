#include "host/node/blob_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace outsize::host {
namespace {

constexpr auto retry_after = std::chrono::seconds(1);

} // namespace

void blob_keeper::on_time() {
  if (node_.now >= retry_at_) {
    retry_at_ = never;
    is_due_ = true;
  }
  if (!is_due_ && stores_.revision() == seen_revision_) {
    return;
  }
  is_due_ = false;
  for (const blob_store_facts &store : stores_.facts()) {
    const auto known = node_.view().blob_stores.find(store.name);
    marker_expectation expected;
    expected.is_known = node_.view().cluster != wire::cluster_id{} && node_.generation != 0;
    expected.cluster = node_.view().cluster;
    if (known != node_.view().blob_stores.end()) {
      expected.id = known->second.record.marker;
    }
    stores_.expect(store.name, expected);
  }
  seen_revision_ = stores_.revision();
  for (const blob_store_facts &store : stores_.facts()) {
    keep(store);
  }
}

/// While the metadata knows no marker of the store: makes one where there is none, records one that is there and ours.
void blob_keeper::keep(const blob_store_facts &store) {
  if (node_.generation == 0 || node_.view().blob_stores.contains(store.name) || busy_.contains(store.name)) {
    return;
  }
  if (store.lacks_marker) {
    make_marker(store.name);
  } else if (store.marker && store.marker->cluster == to_hex(node_.view().cluster) &&
             store.marker->store == store.name) {
    record(store.name, store.marker->id);
  }
}

void blob_keeper::make_marker(const std::string &store) {
  busy_.insert(store);
  const blob_marker fresh{fmt::format("{:016x}{:016x}", node_.options.random(), node_.options.random()),
                          to_hex(node_.view().cluster), store};
  stores_.write_marker(store, fresh, [this, alive = alive_, store](const result<void> &outcome) {
    if (!*alive) {
      return;
    }
    if (!outcome) {
      node_.log(OUTSIZE_LOG_WARN, fmt::format("blob store not marked yet: store={} code={} reason=\"{}\"", store,
                                              name_of(outcome.error().code), outcome.error().text));
    }
    done(store, !outcome);
  });
}

/// Of whatever came out, the view shows what holds.
void blob_keeper::record(const std::string &store, const std::string &marker) {
  busy_.insert(store);
  node_.metadata->update("blob-store/" + store, 0, encode(blob_store_record{store, marker}),
                         [this, alive = alive_, store](const result<metadata::outcome> &outcome) {
                           if (*alive) {
                             done(store, !outcome);
                           }
                         });
}

void blob_keeper::done(const std::string &store, bool again) {
  busy_.erase(store);
  if (again) {
    retry_at_ = std::min(retry_at_, node_.now + retry_after);
  } else {
    is_due_ = true;
  }
}

} // namespace outsize::host
