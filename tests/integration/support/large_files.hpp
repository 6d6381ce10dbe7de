// Files larger than what a test wants in memory, and clusters that take records of their size.
//
// Thread rule: the test's thread.
#pragma once

#include "cluster.hpp"

#include <cstdint>
#include <string>

namespace outsize::test {

/// Writes `bytes` bytes that depend on `seed`, a MiB at a time. Fails the test when it cannot.
void make_file(const std::string &path, std::uint64_t bytes, std::uint64_t seed);
/// Compares them piece by piece.
bool same_files(const std::string &left, const std::string &right);

/// The file's SHA-256 in hex, as the system's own tool tells it.
std::string sha256_of(const std::string &path);

/// The log "orders" of all nodes splits, or spills into a store of files, what is above its limit, or above
/// `applies_above` ("" for the limit). Before the nodes are started.
void use_split(cluster &nodes, const std::string &applies_above = {}, const std::string &fragment_size = "1MiB");
void use_spill(cluster &nodes, const std::string &applies_above = {});

/// Appends a file through a node; the answer as JSON. Fails the test when it is refused.
nlohmann::json append_file(const cluster &nodes, const std::string &node, const std::string &file);
/// Reads the record at `offset` into a file, through a node; whether it is the same as `file`.
bool reads_back(const cluster &nodes, const std::string &node, std::uint64_t offset, const std::string &file);

} // namespace outsize::test
