#include "host/segment/find_tail.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace outsize;
using namespace outsize::host;

namespace {

struct stand {
  std::string node;
  offset_t local_tail;
  offset_t global_tail;
};

sealed_tail found(std::size_t members, std::uint32_t replication, const std::vector<stand> &answers,
                  offset_t known = wire::no_offset) {
  segment_task task;
  task.replication = replication;
  task.nodeset.resize(members);
  task.known_tail = known;
  segment_seal::states sealed;
  for (const stand &one : answers) {
    sealed[one.node] = {one.local_tail, one.global_tail, 1, 5};
  }
  return find_sealed_tail(task, sealed);
}

} // namespace

TEST_CASE("find tail: an empty segment ends where it begins") {
  const sealed_tail tail = found(3, 2, {{"n1", 0, 0}, {"n2", 1, 0}});
  CHECK(tail.committed == 1);
  CHECK(tail.lowest == 1);
  CHECK(tail.highest == 1);
}

TEST_CASE("find tail: with an f-majority only, everything that was stored may have been committed (2 of 3)") {
  const sealed_tail tail = found(3, 2, {{"n1", 50, 40}, {"n2", 60, 45}});
  CHECK(tail.committed == 45);
  CHECK(tail.lowest == 60);
  CHECK(tail.highest == 60);
}

TEST_CASE("find tail: more answers prove more to be uncommitted (3 of 3)") {
  const sealed_tail tail = found(3, 2, {{"n1", 50, 40}, {"n2", 50, 45}, {"n3", 60, 45}});
  CHECK(tail.lowest == 50);
  CHECK(tail.highest == 60);
}

TEST_CASE("find tail: every quorum of a copy on each member meets any one of them (replication 3 of 3)") {
  const sealed_tail tail = found(3, 3, {{"n1", 50, 40}, {"n2", 55, 40}, {"n3", 60, 45}});
  CHECK(tail.lowest == 50);
  CHECK(tail.highest == 60);
}

TEST_CASE("find tail: one copy suffices, so all must answer and the highest counts (replication 1 of 3)") {
  const sealed_tail tail = found(3, 1, {{"n1", 50, 40}, {"n2", 55, 40}, {"n3", 60, 45}});
  CHECK(tail.lowest == 60);
}

TEST_CASE("find tail: what is known committed is below the end, whoever lost it") {
  const sealed_tail tail = found(3, 2, {{"n1", 50, 40}, {"n2", 50, 70}});
  CHECK(tail.committed == 70);
  CHECK(tail.lowest == 70);
  CHECK(tail.highest == 70);
  CHECK(found(3, 2, {{"n1", 50, 40}, {"n2", 50, 40}}, 52).committed == 52);
}
