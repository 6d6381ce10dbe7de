// The client of the floor: sends the same records to each store, keeps so many unacknowledged, and counts a record as
// acknowledged when more than half of the stores say it is durable: two of three, or the only one. Several sizes share
// connections and files, in the order in which their turns come.
//
// Usage: floor-client SECONDS RECORD_BYTES:IN_FLIGHT[,RECORD_BYTES:IN_FLIGHT]... PORT FILE [PORT FILE]...
// Prints one line of JSON: seconds, how many acknowledged records were read back equal from as many files, and for each
// size its records and latencies.
#include "floor_check.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>

namespace {

using namespace outsize::floor_bench;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t quorum_of(std::size_t stores) {
  return stores / 2 + 1;
}

/// What the slowest store may lag behind the others before they wait for it: `outsize` bounds what it has outstanding
/// with one server the same way.
constexpr std::uint64_t lag_bytes_max = 32U << 20;
constexpr std::size_t records_per_send = 256;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "floor-client: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// One store as the client sees it.
class connection {
public:
  explicit connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port);
    const int on = 1;
    if (socket_ < 0 || connect(socket_, reinterpret_cast<const sockaddr *>(&where), sizeof where) != 0 ||
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
      fail("connect");
    }
  }

  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] std::uint64_t durable() const { return durable_; }
  [[nodiscard]] bool has_sent(std::uint64_t until) const { return sent_ == until; }

  /// Sends records up to `until` as far as the kernel takes them.
  void send_up_to(const records &from, std::uint64_t until) {
    blocked_ = false;
    while (sent_ < until && !blocked_) {
      send_some(from, std::min<std::uint64_t>(until, sent_ + records_per_send));
    }
  }
  [[nodiscard]] bool blocked() const { return blocked_; }

  void receive() {
    std::array<std::uint64_t, 64> counts{};
    const ssize_t got = recv(socket_, counts.data(), sizeof counts, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
      fail("a store is gone");
    }
    // The stores write whole counts, and whole counts are asked for.
    if (got > 0 && got % static_cast<ssize_t>(sizeof(std::uint64_t)) != 0) {
      fail("a count came in pieces");
    }
    if (got > 0) {
      durable_ = counts[static_cast<std::size_t>(got) / sizeof(std::uint64_t) - 1];
    }
  }

private:
  void send_some(const records &from, std::uint64_t until) {
    std::array<std::uint32_t, records_per_send> lengths; // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    std::array<iovec, 2 * records_per_send> parts;       // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    std::size_t used = 0;
    for (std::uint64_t number = sent_; number < until; ++number) {
      const auto bytes = from.at(number);
      std::uint32_t &length = lengths[number - sent_];
      length = static_cast<std::uint32_t>(bytes.size());
      parts[used++] = {&length, length_bytes};
      parts[used++] = {const_cast<std::uint8_t *>(bytes.data()), bytes.size()};
    }
    skip(parts, sent_bytes_ - from.end_of(sent_));
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = used;
    const ssize_t count = sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
      fail("send");
    }
    blocked_ = count < 0 && errno == EAGAIN;
    sent_bytes_ += static_cast<std::uint64_t>(std::max<ssize_t>(count, 0));
    while (sent_ < until && from.end_of(sent_ + 1) <= sent_bytes_) {
      ++sent_;
    }
  }

  /// The first record's beginning has gone already.
  static void skip(std::array<iovec, 2 * records_per_send> &parts, std::uint64_t bytes) {
    for (std::size_t i = 0; bytes > 0; ++i) {
      const std::uint64_t taken = std::min<std::uint64_t>(bytes, parts[i].iov_len);
      parts[i].iov_base = static_cast<std::uint8_t *>(parts[i].iov_base) + taken;
      parts[i].iov_len -= taken;
      bytes -= taken;
    }
  }

  int socket_;
  std::uint64_t sent_ = 0;       ///< whole records
  std::uint64_t sent_bytes_ = 0; ///< with what has gone of the next one
  std::uint64_t durable_ = 0;    ///< records
  bool blocked_ = false;
};

/// Records of one size, so many of them on their way.
class stream {
public:
  stream(std::uint32_t record_bytes, std::uint64_t in_flight)
      : record_bytes_(record_bytes), in_flight_max_(in_flight) {}

  [[nodiscard]] std::uint32_t record_bytes() const { return record_bytes_; }
  /// All that it may have on its way.
  [[nodiscard]] std::uint64_t bytes_max() const { return in_flight_max_ * (length_bytes + record_bytes_); }
  [[nodiscard]] bool has_room() const { return begun_ - latencies_us_.size() < in_flight_max_; }
  void begin() { ++begun_; }
  void acknowledge(clock_type::duration took) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took);
    latencies_us_.push_back(static_cast<std::uint32_t>(us.count()));
  }

  void print() {
    std::printf("{\"record_bytes\": %u, \"records\": %zu, \"latency_us\": {\"p50\": %u, \"p90\": %u, \"p99\": %u, "
                "\"max\": %u}}",
                record_bytes_, latencies_us_.size(), latency_us(0.5), latency_us(0.9), latency_us(0.99), latency_us(1));
  }

private:
  std::uint32_t latency_us(double share) {
    if (latencies_us_.empty()) {
      return 0;
    }
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(latencies_us_.size() - 1));
    std::nth_element(latencies_us_.begin(), latencies_us_.begin() + at, latencies_us_.end());
    return latencies_us_[static_cast<std::size_t>(at)];
  }

  std::uint32_t record_bytes_;
  std::uint64_t in_flight_max_;
  std::uint64_t begun_ = 0;
  std::vector<std::uint32_t> latencies_us_;
};

class run {
public:
  run(records &sent, std::vector<stream> &streams, std::chrono::seconds time, std::vector<connection> &to)
      : records_(sent), streams_(streams), time_(time), stores_(to) {}

  void go() {
    started_ = clock_type::now();
    const auto end = started_ + time_;
    while (true) {
      const bool open = clock_type::now() < end;
      if (open) {
        begin();
      }
      if (!open && under_way_.empty()) {
        break;
      }
      for (connection &store : stores_) {
        store.send_up_to(records_, records_.count());
      }
      wait();
      acknowledge();
    }
    ended_ = clock_type::now();
    settle();
  }

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(ended_ - started_).count(); }

private:
  struct under_way {
    stream *of;
    clock_type::time_point begun;
  };

  [[nodiscard]] std::uint64_t durable_at(std::size_t copies) const {
    std::vector<std::uint64_t> counts;
    for (const connection &store : stores_) {
      counts.push_back(store.durable());
    }
    std::sort(counts.begin(), counts.end(), std::greater<>());
    return counts[copies - 1];
  }
  [[nodiscard]] bool lags() const {
    std::uint64_t in_flight_bytes = 0;
    for (const stream &one : streams_) {
      in_flight_bytes += one.bytes_max();
    }
    const std::uint64_t lag = records_.end_of(records_.count()) - records_.end_of(durable_at(stores_.size()));
    return lag > std::max(lag_bytes_max, in_flight_bytes);
  }

  /// A record of each stream that has room, in turns.
  void begin() {
    for (bool more = true; more;) {
      more = false;
      for (stream &one : streams_) {
        if (one.has_room() && !lags()) {
          one.begin();
          records_.add(one.record_bytes());
          under_way_.push_back({&one, clock_type::now()});
          more = true;
        }
      }
    }
  }

  void wait() {
    std::vector<pollfd> waiting;
    for (const connection &store : stores_) {
      waiting.push_back({store.socket(), static_cast<short>(POLLIN | (store.blocked() ? POLLOUT : 0)), 0});
    }
    poll(waiting.data(), waiting.size(), 1000);
    for (std::size_t i = 0; i < stores_.size(); ++i) {
      if ((waiting[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0) {
        stores_[i].receive();
      }
    }
  }

  void acknowledge() {
    const auto now = clock_type::now();
    for (const std::uint64_t durable = durable_at(quorum_of(stores_.size())); acknowledged_ < durable;
         ++acknowledged_) {
      const under_way &first = under_way_.front();
      first.of->acknowledge(now - first.begun);
      under_way_.pop_front();
    }
  }

  /// The last copy comes in as well; its time is not counted.
  void settle() {
    while (durable_at(stores_.size()) < records_.count()) {
      for (connection &store : stores_) {
        store.send_up_to(records_, records_.count());
      }
      wait();
    }
  }

  records &records_;
  std::vector<stream> &streams_;
  std::chrono::seconds time_;
  std::vector<connection> &stores_;
  clock_type::time_point started_;
  clock_type::time_point ended_;
  std::uint64_t acknowledged_ = 0;
  std::deque<under_way> under_way_; ///< oldest first, as they are acknowledged
};

/// "RECORD_BYTES:IN_FLIGHT,..."
std::vector<stream> streams_of(const char *words) {
  std::vector<stream> made;
  for (const char *at = words; *at != '\0';) {
    char *end = nullptr;
    const auto record_bytes = static_cast<std::uint32_t>(std::strtoul(at, &end, 10));
    if (record_bytes == 0 || *end != ':') {
      return {};
    }
    const std::uint64_t in_flight = std::strtoull(end + 1, &end, 10);
    if (in_flight == 0 || (*end != ',' && *end != '\0')) {
      return {};
    }
    made.emplace_back(record_bytes, in_flight);
    at = *end == ',' ? end + 1 : end;
  }
  return made;
}

void print(const run &measured, std::vector<stream> &streams, std::uint64_t read_back) {
  std::printf("{\"seconds\": %.6f, \"verified\": %llu, \"streams\": [", measured.seconds(),
              static_cast<unsigned long long>(read_back));
  for (std::size_t i = 0; i < streams.size(); ++i) {
    std::printf("%s", i == 0 ? "" : ", ");
    streams[i].print();
  }
  std::printf("]}\n");
}

/// Read back equal from as many files as make an acknowledgement.
std::uint64_t verified(const records &sent, std::uint64_t count, const std::vector<std::string> &files) {
  std::vector<std::uint64_t> equal;
  for (const std::string &file : files) {
    equal.push_back(equal_records(file, sent, count));
  }
  std::sort(equal.begin(), equal.end(), std::greater<>());
  return equal[quorum_of(files.size()) - 1];
}

} // namespace

int main(int argc, char **argv) {
  std::vector<stream> streams = argc < 5 || argc % 2 == 0 ? std::vector<stream>{} : streams_of(argv[2]);
  if (streams.empty()) {
    std::fprintf(stderr, "usage: floor-client SECONDS RECORD_BYTES:IN_FLIGHT[,RECORD_BYTES:IN_FLIGHT]... PORT FILE "
                         "[PORT FILE]...\n");
    return 2;
  }
  std::uint32_t largest = 0;
  for (const stream &one : streams) {
    largest = std::max(largest, one.record_bytes());
  }
  records sent(largest);
  std::vector<connection> connections;
  std::vector<std::string> files;
  for (int at = 3; at < argc; at += 2) {
    connections.emplace_back(static_cast<std::uint16_t>(std::strtoul(argv[at], nullptr, 10)));
    files.emplace_back(argv[at + 1]);
  }
  run measured(sent, streams, std::chrono::seconds(std::strtoul(argv[1], nullptr, 10)), connections);
  measured.go();
  print(measured, streams, verified(sent, measured.acknowledged(), files));
}
