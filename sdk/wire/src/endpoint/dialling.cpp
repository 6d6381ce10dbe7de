#include "state.hpp"

#include <algorithm>

namespace outsize::wire {

result<dial_id> endpoint::state::dial(dial_options how) {
  transport_slot *through = transport_for(how.address);
  if (through == nullptr) {
    return make_error(code::unsupported, "no transport serves the address " + how.address);
  }
  if (closing) {
    return make_error(code::closed, "the endpoint is closing");
  }
  const dial_id id = ++last_dial;
  standing_dial &made = dials[id];
  made.how = std::move(how);
  made.through = through;
  made.next_attempt = timers.schedule(now, [this, id] { attempt(id); });
  return id;
}

void endpoint::state::attempt(dial_id id) {
  standing_dial &which = dials.at(id); // hang_up cancels the timer that leads here
  which.next_attempt = 0;
  const std::string address = which.how.address;
  const result<outsize_link> raw = which.through->handle->connect(address, last_link + 1);
  which.through->used_since_poll = true;
  if (!raw) {
    plan_redial(id, true);
    handler.on_dial_failed(id, address, raw.error());
    return;
  }
  link &made = make_link(*which.through, *raw, address);
  made.info.dial = id;
  made.info.link = which.how.link;
  which.current = made.info.id;
  made.phase_timer = timers.schedule(now + options.hello_timeout, [this, &made] {
    end_link(made, make_error(code::timed_out, "no connection to " + made.info.address + " in time"), parting::silent);
  });
}

void endpoint::state::hang_up(dial_id id) {
  const auto found = dials.find(id);
  if (found == dials.end()) {
    return;
  }
  timers.cancel(found->second.next_attempt);
  const auto current = links.find(found->second.current);
  dials.erase(found);
  if (current != links.end()) {
    end_link(*current->second, make_error(code::cancelled, "hung up"), parting::with_goodbye);
  }
}

bool endpoint::state::on_attempt_over(const link &which, bool was_open) {
  const auto found = dials.find(which.info.dial);
  if (found == dials.end()) {
    return false;
  }
  found->second.current = 0;
  // A link that was lost as soon as it was there is no better than an attempt that failed.
  const bool was_good = was_open && now - which.opened_at >= options.redial_max;
  plan_redial(which.info.dial, !was_good);
  return true;
}

/// Doubled after each failure, with jitter, so that the nodes of a cluster do not all come back at the same moment.
void endpoint::state::plan_redial(dial_id id, bool failed) {
  standing_dial &which = dials.at(id);
  if (which.how.once || closing) {
    dials.erase(id);
    return;
  }
  which.failures = failed ? which.failures + 1 : 0;
  duration delay = options.redial_min;
  for (unsigned i = 1; i < which.failures && delay < options.redial_max; ++i) {
    delay *= 2;
  }
  delay = std::min(delay, options.redial_max);
  const auto jitter_max = static_cast<std::uint64_t>(delay.count() / 2);
  delay += duration(static_cast<duration::rep>(random() % (jitter_max + 1)));
  which.next_attempt = timers.schedule(now + delay, [this, id] { attempt(id); });
}

} // namespace outsize::wire
