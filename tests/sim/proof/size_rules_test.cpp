#include "sim/proof/proof.hpp"

#include <outsize/wire/codec.hpp>
#include <outsize/wire/limits.hpp>

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <string>

using namespace outsize;
using namespace outsize::sim;

namespace {

/// Makes one message in twenty larger than its link takes.
planted_bug padded(bool to_itself) {
  return [to_itself, count = 0](cluster &running) mutable {
    running.plant([to_itself, count](sighting &message) mutable {
      if ((message.from == message.to) == to_itself && ++count % 20 == 0) {
        message.parts.push_back(buffer::copy_of(std::string(message.limit_bytes, 'x')));
        message.bytes = bytes_of(message.parts);
      }
      return tampering::pass;
    });
  };
}

/// Changes the answer to the first record of every fifth append that was taken.
template <class Change> planted_bug in_answers(Change change) {
  return [change](cluster &running) {
    running.plant([change, count = 0](sighting &message) mutable {
      rewrite<wire::appended>(message, [&](wire::appended &answer) {
        if (!answer.results.empty() && !answer.results.front().refused.has_value() && ++count % 5 == 0) {
          change(answer.results.front());
        }
      });
      return tampering::pass;
    });
  };
}

/// Log servers that go by another budget than the one they were given.
void without_a_budget(cluster &running) {
  for (auto &one : running.machines()) {
    one->plant_memory_budget(64 * wire::mib);
  }
}

/// And enough appends to be left when the log is open at last.
void with_slow_disks(scenario &plan) {
  plan.disk.sync_min = plan.disk.sync_max = std::chrono::milliseconds(200);
  plan.appends_max = 1000;
  for (client_settings &one : plan.appenders) {
    one.producer = false;
  }
}

/// Servers with room for one message.
void with_small_budgets(scenario &plan) {
  with_slow_disks(plan);
  for (machine_settings &one : plan.machines) {
    one.log_server_memory_bytes = one.message_limit_bytes;
  }
}

/// Nobody waits for anybody while there is room.
void with_much_in_flight(scenario &plan) {
  plan.sequencer.batch_entries_max = 1;
  plan.sequencer.pipeline_batches = 64;
  plan.sequencer.server_outstanding_bytes = plan.sequencer.pipeline_bytes = 1 * wire::mib;
  plan.sequencer.store_timeout_min = plan.sequencer.store_timeout_max = std::chrono::seconds(10);
  for (client_settings &one : plan.appenders) {
    one.in_flight_max = 64;
  }
}

void with_a_lower_limit(scenario &plan) {
  plan.machines[1].message_limit_bytes = 8 * wire::kib;
}

} // namespace

TEST_CASE("proof: Z1, a message above its link's limit") {
  CHECK(finds("Z1", padded(false)));
}

TEST_CASE("proof: Z2, a size that is not that of the encoded bytes") {
  CHECK(finds("Z2", in_answers([](wire::append_result &answer) { ++answer.entry_bytes; })));
}

TEST_CASE("proof: Z3, a message above the limit on the node's way to itself") {
  CHECK(finds("Z3", padded(true)));
}

TEST_CASE("proof: Z4, a record is refused for the size of its neighbours") {
  CHECK(finds("Z4", in_answers([](wire::append_result &answer) {
                wire::refusal why;
                why.why = code::too_large;
                why.actual_bytes = 20 * wire::kib;
                why.limit_bytes = 10 * wire::kib;
                why.limit_source = "batch";
                answer.refused = why;
              })));
}

TEST_CASE("proof: Z5, a record is refused after it was given an offset") {
  CHECK(finds("Z5", in_answers([](wire::append_result &answer) {
                wire::refusal why;
                why.why = code::rejected_by_policy;
                answer.refused = why;
              })));
}

TEST_CASE("proof: Z6, stores on the link of heartbeats and seals") {
  CHECK(finds("Z6", [](cluster &running) {
    running.plant([swapped = std::set<std::uint64_t>()](sighting &message) mutable {
      rewrite<wire::hello>(message, [&](wire::hello &said) {
        if (said.link == wire::link_class::stores) {
          said.link = wire::link_class::control;
          swapped.insert(message.connection);
        }
      });
      rewrite<wire::welcome>(message, [&](wire::welcome &said) {
        said.link = swapped.contains(message.connection) ? wire::link_class::stores : said.link;
      });
      return tampering::pass;
    });
  }));
}

TEST_CASE("proof: Z6, parts without credit") {
  CHECK(finds(
      "Z6",
      [](cluster &running) {
        running.plant_unseen([](sighting &message) {
          const auto widen = [](auto &said) { said.part_window_bytes *= 64; };
          (void)(rewrite<wire::hello>(message, widen) || rewrite<wire::welcome>(message, widen));
        });
      },
      [](scenario &plan) {
        for (machine_settings &one : plan.machines) {
          one.message_limit_bytes = 256 * wire::kib;
          one.log_server_memory_bytes = 1 * wire::mib;
          one.part_window_bytes = 8 * wire::kib;
        }
        for (client_settings &one : plan.appenders) {
          one.message_limit_bytes = 4 * wire::kib; // whatever is larger goes in parts
        }
      }));
}

TEST_CASE("proof: Z7, an entry larger than the link's limit does not cross it") {
  CHECK(finds(
      "live",
      [](cluster &running) {
        running.plant([](sighting &message) {
          const auto envelope = wire::decode_envelope(message.parts.front().span());
          return envelope && envelope->what == wire::kind::part ? tampering::drop : tampering::pass;
        });
      },
      [](scenario &plan) {
        for (client_settings &one : plan.readers) {
          one.message_limit_bytes = 4 * wire::kib;
        }
      }));
}

TEST_CASE("proof: Z8, a server with a lower limit is used as if it had none") {
  CHECK(finds(
      "Z8",
      [](cluster &running) {
        running.plant([](sighting &message) {
          const auto lie = [](auto &said) {
            said.message_limit_bytes = said.node == "n2" ? 16 * wire::kib : said.message_limit_bytes;
          };
          if (!rewrite<wire::hello>(message, lie) && !rewrite<wire::welcome>(message, lie)) {
            rewrite<wire::update_metadata>(message, [](wire::update_metadata &update) {
              const std::size_t at = update.value.find("8192");
              if (update.key == "node/n2" && at != std::string::npos) {
                update.value.replace(at, 4, "16384");
              }
            });
          }
          return tampering::pass;
        });
      },
      &with_a_lower_limit));
}

TEST_CASE("proof: Z9, a log server gives its disk more than its budget") {
  CHECK(finds("Z9", &without_a_budget, [](scenario &plan) {
    with_small_budgets(plan);
    with_much_in_flight(plan);
  }));
}

TEST_CASE("proof: Z9, a sequencer that does not keep to its budgets") {
  const auto bounded = [](scenario &plan) {
    with_slow_disks(plan);
    with_much_in_flight(plan);
    plan.sequencer.in_flight_bytes = plan.sequencer.producer_in_flight_bytes = 64 * wire::kib;
    plan.sequencer.server_outstanding_bytes = 32 * wire::kib;
  };
  CHECK(rules_of(hunt([](cluster &) {}, bounded)).empty());
  const auto without_bounds = [](cluster &running) {
    for (auto &one : running.machines()) {
      one->plant_in_flight_budget(64 * wire::mib);
    }
  };
  const std::vector<finding> found = hunt(without_bounds, bounded);
  const auto says = [&](const char *text) {
    return std::any_of(found.begin(), found.end(), [&](const finding &one) {
      return one.rule == "Z9" && one.text.find(text) != std::string::npos;
    });
  };
  CHECK(says("bytes are in flight"));
  CHECK(says("without an answer"));
}

TEST_CASE("proof: Z9, a log server that does not keep to its memory budget") {
  // What is sent again while the first is being written takes memory, and is not given to the disk.
  const auto sent_again = [](scenario &plan) {
    with_small_budgets(plan);
    plan.sequencer.store_timeout_min = plan.sequencer.store_timeout_max = std::chrono::milliseconds(20);
    plan.sequencer.wave_pause_min = plan.sequencer.wave_pause_max = std::chrono::milliseconds(5);
    plan.appenders.resize(1);
    plan.appenders.front().in_flight_max = 1;
  };
  CHECK(rules_of(hunt([](cluster &) {}, sent_again)).empty());
  const std::vector<finding> found = hunt(&without_a_budget, sent_again);
  REQUIRE_FALSE(found.empty());
  CHECK(found.front().rule == "Z9");
  CHECK_THAT(found.front().text, Catch::Contains("its log server holds"));
}
