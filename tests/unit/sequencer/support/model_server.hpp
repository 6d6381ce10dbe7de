// A log server as the protocol describes it, in memory and without any haste: what sequencer and repair are tested
// against. Its rules are those of host/logserver/log_server.hpp, written down a second time, as short as possible.
#pragma once

#include <outsize/wire/codec.hpp>
#include <outsize/wire/messages.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace outsize::test {

class model_server {
public:
  struct stored_entry {
    buffer header;
    rope bytes;
  };
  struct segment {
    std::map<wire::offset_t, stored_entry> entries;
    wire::server_state state;
  };

  /// Answered instead of storing, as long as it is set.
  std::optional<error> refuses_stores;
  /// Whole messages above it are refused as too_large; 0 = none.
  std::uint64_t takes_bytes_max = 0;
  /// Entries that are listed and do not come out intact.
  std::vector<wire::offset_t> damaged;

  std::map<wire::segment_id, segment> segments;

  wire::stored store(const wire::store &message, const rope &payload);
  wire::sealed seal(const wire::seal &message);
  std::pair<wire::fetched, rope> fetch(const wire::fetch &message);
  std::pair<wire::set_fetched, rope> fetch_set(const wire::fetch_set &message);
  wire::entries list(const wire::list_entries &message);
  void release(const wire::release &message);

  /// The offsets it holds, ascending.
  [[nodiscard]] std::vector<wire::offset_t> offsets(const wire::segment_id &id) const;
  /// The last `size` characters of the payload at `offset`; empty when it is not there.
  [[nodiscard]] std::string payload_at(const wire::segment_id &id, wire::offset_t offset) const;

private:
  std::optional<error> check(const segment &at, const wire::store &message) const;
};

/// Exact size of the store as a message.
std::uint64_t message_bytes_of(const wire::store &message, const rope &payload);

} // namespace outsize::test
