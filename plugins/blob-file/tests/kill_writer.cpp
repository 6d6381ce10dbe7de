// Puts blobs from three threads until it is killed, and writes each to stdout once its finish has returned: the other
// half of kill_test.cpp. Usage: blob-file-kill-writer PLUGIN DIRECTORY SEED
#include "kill_blobs.hpp"

#include <outsize/suite/loaded_module.hpp>
#include <outsize/suite/test_host.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace outsize;
using namespace outsize::blob_file::test;

namespace {

constexpr std::size_t piece_bytes = 100'000;

[[noreturn]] void fail(const error &why) {
  std::fprintf(stderr, "%s: %s\n", std::string(name_of(why.code)).c_str(), why.text.c_str());
  std::_Exit(1);
}

/// Whole or not at all: a pipe takes so few bytes in one piece.
void tell(const finished_blob &blob) {
  if (::write(STDOUT_FILENO, &blob, sizeof blob) != static_cast<ssize_t>(sizeof blob)) {
    std::_Exit(1);
  }
}

void put_for_ever(blob_store_handle &store, std::uint64_t seed, std::atomic<std::uint64_t> &numbers) {
  for (;;) {
    const finished_blob blob{seed, numbers++};
    const suite::blob_bytes content = kill_blob(blob);
    if (const result<void> done = suite::put_blob(store, kill_blob_key(blob), content, content.size(), piece_bytes);
        !done) {
      fail(done.error());
    }
    tell(blob);
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    return 2;
  }
  const std::uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  const auto module = suite::load_module(argv[1]);
  if (!module) {
    fail(module.error());
  }
  const outsize_component &component = *suite::find_component(**module, OUTSIZE_BLOB_STORE_KIND, "");
  const auto params =
      suite::param_set::make(component, {{"directory", argv[2]}, {"reserve", "0B"}, {"leftover-age", "0s"}});
  const suite::test_host host(seed);
  const auto store = blob_store_handle::open(static_cast<const outsize_blob_store_api *>(component.api),
                                             {host.table(), params->values()});
  if (!store) {
    fail(store.error());
  }
  std::atomic<std::uint64_t> numbers{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { put_for_ever(**store, seed, numbers); });
  }
  for (std::thread &thread : threads) {
    thread.join();
  }
}
