// Host names, resolved beside the loop: the system's resolver blocks, connect must not. A name that is being asked for
// is asked for once, whoever else wants it.
//
// Thread rule: ask and take belong to one thread; the lookups run on threads of their own, which outlive this object
// when the system's resolver hangs, and then end without a trace.
#pragma once

#include "address.hpp"
#include "socket.hpp"

#include <outsize/abi/transport.h>
#include <outsize/result.hpp>

#include <memory>
#include <string>
#include <vector>

namespace outsize::tcp {

class resolver {
public:
  struct answer {
    std::vector<outsize_link> links; ///< who asked
    result<std::vector<endpoint>> endpoints;
  };

  /// Errors: overloaded, when the system has no descriptor left.
  static result<std::unique_ptr<resolver>> make();
  ~resolver();
  resolver(const resolver &) = delete;
  resolver &operator=(const resolver &) = delete;

  /// The answer comes through take. Errors: overloaded, when too many names hang already.
  result<void> ask(outsize_link link, const address &where);
  /// All answers that have come.
  std::vector<answer> take();
  /// Readable while there is an answer.
  [[nodiscard]] int event_fd() const;

private:
  struct shared;
  resolver() = default;
  std::shared_ptr<shared> shared_;
};

} // namespace outsize::tcp
