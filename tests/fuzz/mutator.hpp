// Makes bytes that are almost right: mutations of a seed that hurt decoders most.
//
// Thread rule: one thread for each mutator.
#pragma once

#include <outsize/buffer.hpp>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace outsize::fuzz {

class mutator {
public:
  /// The same seed makes the same bytes. `others`: what stretches are borrowed from.
  mutator(std::uint64_t seed, std::vector<buffer> others) : random_(seed), others_(std::move(others)) {}

  /// One to eight changes.
  buffer mutate(const buffer &from);
  /// From 0 to below `end`.
  std::uint64_t below(std::uint64_t end) { return end == 0 ? 0 : random_() % end; }
  bool once_in(std::uint64_t times) { return below(times) == 0; }

private:
  void change(std::string &bytes);
  void set_byte(std::string &bytes);
  void flip_bit(std::string &bytes);
  void forge_head(std::string &bytes);
  void insert(std::string &bytes);
  void erase(std::string &bytes);
  void repeat(std::string &bytes);
  void borrow(std::string &bytes);

  std::mt19937_64 random_;
  std::vector<buffer> others_;
};

} // namespace outsize::fuzz
