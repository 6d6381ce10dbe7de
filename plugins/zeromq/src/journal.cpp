#include "journal.hpp"

namespace outsize::zeromq {

void journal::refused(const std::string &peer, const std::string &why, time_point now) {
  if (now >= second_ + std::chrono::seconds{1}) {
    begin_second(now);
  }
  if (written_ >= lines_max) {
    ++suppressed_;
    return;
  }
  ++written_;
  host_.log(OUTSIZE_LOG_WARN, "zeromq", "connection from " + peer + " closed: " + why);
}

void journal::begin_second(time_point now) {
  if (suppressed_ > 0) {
    host_.log(OUTSIZE_LOG_WARN, "zeromq", std::to_string(suppressed_) + " more connections were closed like that");
  }
  second_ = now;
  written_ = 0;
  suppressed_ = 0;
}

} // namespace outsize::zeromq
