// One store of the floor: takes records from one connection, appends them to one growing file, makes them durable, and
// says how many are. One fdatasync for what has arrived; nothing is parsed but lengths, nothing is checked.
//
// Usage: floor-store FILE
// Prints "ready PORT" when it listens on 127.0.0.1. Takes one connection; stays behind it until its input is closed, so
// that somebody can look at what the kernel counted of it.
#include "floor_records.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using namespace outsize::floor_bench;

/// What one write takes at most; enough for several records of the largest cell.
constexpr std::size_t batch_bytes_max = 8U << 20;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "floor-store: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

int accept_one() {
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  auto *address = reinterpret_cast<sockaddr *>(&where);
  if (listening < 0 || bind(listening, address, size) != 0 || listen(listening, 1) != 0 ||
      getsockname(listening, address, &size) != 0) {
    fail("listen");
  }
  std::printf("ready %d\n", ntohs(where.sin_port));
  std::fflush(stdout);
  const int connection = accept(listening, nullptr, nullptr);
  const int on = 1;
  if (connection < 0 || setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    fail("accept");
  }
  close(listening);
  return connection;
}

/// Finds where records end in a stream of bytes.
class record_counter {
public:
  void pass(const std::uint8_t *bytes, std::size_t count) {
    while (count > 0) {
      const std::size_t wanted = left_ != 0 ? left_ : length_bytes - head_bytes_;
      const std::size_t taken = wanted < count ? wanted : count;
      if (left_ != 0) {
        left_ -= static_cast<std::uint32_t>(taken);
      } else {
        std::memcpy(head_ + head_bytes_, bytes, taken);
        head_bytes_ += taken;
        if (head_bytes_ == length_bytes) {
          std::memcpy(&left_, head_, length_bytes);
          head_bytes_ = 0;
        }
      }
      ended_ += left_ == 0 && head_bytes_ == 0 ? 1 : 0;
      bytes += taken;
      count -= taken;
    }
  }
  [[nodiscard]] std::uint64_t ended() const { return ended_; }

private:
  std::uint8_t head_[length_bytes] = {};
  std::size_t head_bytes_ = 0;
  std::uint32_t left_ = 0;
  std::uint64_t ended_ = 0;
};

/// What has arrived, up to the size of `into`; waits for the first byte. 0 at the end.
std::size_t receive(int connection, std::vector<std::uint8_t> &into) {
  std::size_t have = 0;
  while (have < into.size()) {
    const ssize_t got = recv(connection, into.data() + have, into.size() - have, have == 0 ? 0 : MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno != EAGAIN) {
      fail("receive");
    }
    if (got <= 0) {
      break;
    }
    have += static_cast<std::size_t>(got);
  }
  return have;
}

void write_all(int file, const std::uint8_t *bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t wrote = write(file, bytes, count);
    if (wrote < 0 && errno != EINTR) {
      fail("write");
    }
    bytes += wrote < 0 ? 0 : wrote;
    count -= wrote < 0 ? 0 : static_cast<std::size_t>(wrote);
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: floor-store FILE\n");
    return 2;
  }
  const int file = open(argv[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    fail(argv[1]);
  }
  const int connection = accept_one();
  std::vector<std::uint8_t> bytes(batch_bytes_max);
  record_counter seen;
  for (std::uint64_t durable = 0;;) {
    const std::size_t count = receive(connection, bytes);
    if (count == 0) {
      break;
    }
    write_all(file, bytes.data(), count);
    seen.pass(bytes.data(), count);
    if (seen.ended() == durable) {
      continue; // a record is on its way: nobody waits for this piece
    }
    if (fdatasync(file) != 0) {
      fail("fdatasync");
    }
    durable = seen.ended();
    if (send(connection, &durable, sizeof durable, MSG_NOSIGNAL) != sizeof durable) {
      fail("acknowledge");
    }
  }
  char ignored = 0;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
}
