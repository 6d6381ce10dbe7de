// CLUSTER_CASE("name") { cluster nodes(kind); … } is three test cases: "name [zeromq]", "name [tcp]", "name [mixed]".
#pragma once

#include "await.hpp"
#include "cluster.hpp"
#include "counters.hpp"
#include "payload.hpp"

#define CLUSTER_CASE_JOINED(left, right) left##right
#define CLUSTER_CASE_NAMED(left, right) CLUSTER_CASE_JOINED(left, right)
#define CLUSTER_CASE(name) CLUSTER_CASE_OF(name, CLUSTER_CASE_NAMED(cluster_case_, __LINE__))
#define CLUSTER_CASE_OF(name, function)                                                                                \
  static void function(outsize::test::cluster_kind kind);                                                              \
  TEST_CASE(name " [zeromq]") {                                                                                        \
    function(outsize::test::cluster_kind::zeromq);                                                                     \
  }                                                                                                                    \
  TEST_CASE(name " [tcp]") {                                                                                           \
    function(outsize::test::cluster_kind::tcp);                                                                        \
  }                                                                                                                    \
  TEST_CASE(name " [mixed]") {                                                                                         \
    function(outsize::test::cluster_kind::mixed);                                                                      \
  }                                                                                                                    \
  static void function(outsize::test::cluster_kind kind)
