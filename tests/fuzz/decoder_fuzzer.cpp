// libFuzzer's entrance to the decoders: the first byte picks the decoder, the rest is what it gets.
#include "fuzz/decoder_targets.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const auto &targets = outsize::fuzz::decoder_targets();
  const outsize::fuzz::decoder_target &target = targets[data[0] % targets.size()];
  const std::string wrong = target.round_trip(outsize::buffer::copy_of(std::span(data + 1, size - 1)));
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s: %s\n", target.name.c_str(), wrong.c_str());
    std::abort();
  }
  return 0;
}
