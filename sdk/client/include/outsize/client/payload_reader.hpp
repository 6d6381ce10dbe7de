// Reads the payload of a large record, from its first byte to its last, holding a few pieces of it at a time.
//
// Two questions at most are under way ahead of whoever takes the bytes. A question that is lost with its link is asked
// again over the next one, which may lead to another node. At the end the whole is compared with the digest that the
// record's writer made: only then is it known that the bytes are his.
//
// Thread rule: one thread, the client's.
#pragma once

#include <outsize/client/client.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace outsize::client {

class payload_reader {
public:
  /// The next bytes, in order and at least one; none at the end, when all were verified.
  ///
  /// An error leaves the place as it is: what may pass later can be asked for again. Only the last one is final:
  /// checksum_mismatch (blob_corrupt where the payload lies in a blob store) when the whole is not what was written.
  using next_bytes = std::function<void(result<rope>)>;

  /// `record` was read from `log`, and is a large one. `through` outlives this object.
  payload_reader(client &through, std::string log, const read_record &record);
  ~payload_reader();
  payload_reader(const payload_reader &) = delete;
  payload_reader &operator=(const payload_reader &) = delete;

  /// Asks for the next bytes; one call at a time. `then` is called once, inside of this call where bytes are here
  /// already, otherwise from the client's poll; not at all when this object goes before.
  void next(time_point deadline, next_bytes then);

  /// Bytes that were handed out, and how many there are.
  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] std::uint64_t total_bytes() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace outsize::client
