#include "interrupt.hpp"

#include <csignal>

namespace outsize::host {
namespace {

volatile std::sig_atomic_t seen = 0;

void mark(int /*signal*/) {
  seen = 1;
}

} // namespace

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = &mark;
  action.sa_flags = static_cast<int>(SA_RESETHAND); // and no SA_RESTART: a wait ends
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() {
  return seen != 0;
}

} // namespace outsize::host
