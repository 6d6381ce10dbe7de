#include "port_lease.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace outsize::test {

namespace {

constexpr const char *lock_folder = "/tmp/outsize-test-ports";
constexpr std::uint16_t first_port = 20000;
constexpr std::size_t blocks = 3000;
static_assert(first_port + blocks * port_lease::ports_max <= 32768, "where Linux begins to take ports for itself");

/// Other users' files cannot be opened with O_CREAT in a sticky folder (fs.protected_regular), hence the first try.
int open_lock(const std::string &file) {
  const int known = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  return known >= 0 ? known : ::open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
}

/// Whether nobody outside of this scheme listens there.
bool is_free(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); // old connections in TIME_WAIT do not matter
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = ::bind(socket, reinterpret_cast<const sockaddr *>(&at), sizeof at) == 0;
  ::close(socket);
  return bound;
}

bool all_free(std::uint16_t first) {
  for (std::size_t i = 0; i < port_lease::ports_max; ++i) {
    if (!is_free(static_cast<std::uint16_t>(first + i))) {
      return false;
    }
  }
  return true;
}

} // namespace

port_lease::port_lease() {
  if (::mkdir(lock_folder, 0777) == 0) {
    ::chmod(lock_folder, 01777); // whatever the umask
  }
  const auto start = static_cast<std::size_t>(::getpid());
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::size_t block = (start + i) % blocks;
    first_ = static_cast<std::uint16_t>(first_port + block * ports_max);
    lock_ = open_lock(std::string(lock_folder) + "/" + std::to_string(first_));
    if (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) == 0 && all_free(first_)) {
      return;
    }
    ::close(lock_);
  }
  throw std::runtime_error(std::string("no free block of ports; locks are in ") + lock_folder);
}

port_lease::~port_lease() {
  ::close(lock_);
}

} // namespace outsize::test
