#include "sim/checker/checker.hpp"

namespace outsize::sim {

void checker::on_durable(const std::string &machine, const host::commit &what) {
  note(machine);
  mix(what.segment.log * 1000 + what.segment.index);
  mix(what.entries.size());
  mix(what.row.local_tail);
  copies_.on_durable(machine, what);
}

void checker::on_value(const std::string &machine, const std::string &key, const std::string &value) {
  note(machine);
  note(key);
  chains_.on_value(key, value);
  if (constexpr std::string_view log = "metadata/item/log/"; key.starts_with(log)) {
    if (const host::log_record *changed = chains_.find(key.substr(log.size())); changed != nullptr) {
      clients_.on_chain(*changed);
    }
  }
}

void checker::on_message(const sighting &seen) {
  ++messages_;
  note(seen.from);
  note(seen.to);
  mix(seen.bytes);
  traffic_.on_message(seen);
}

void checker::on_pending(const std::string &machine, std::uint64_t pending_bytes, std::uint64_t budget_bytes) {
  seen_.add("rule/Z9");
  if (pending_bytes > budget_bytes) {
    found_.add("Z9", "{} holds {} bytes that are not durable yet; its budget is {}", machine, pending_bytes,
               budget_bytes);
  }
}

void checker::note(std::string_view what) {
  for (const char letter : what) {
    hash_ = (hash_ ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
  }
  mix(static_cast<std::uint64_t>(clock_.time_since_epoch().count()));
}

void checker::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x100000001b3U;
  hash_ ^= hash_ >> 29U;
}

} // namespace outsize::sim
