// One record on its way out of `outsize read`: its payload comes in as many stretches as it was read in, and goes to a
// file, to stdout, or into a JSON object, with its SHA-256.
//
// Thread rule: one thread.
#pragma once

#include "host/cli/console.hpp"
#include "host/cli/output_file.hpp"
#include "host/cli/sha256.hpp"

#include <outsize/client/client.hpp>
#include <outsize/result.hpp>

#include <memory>
#include <string>

namespace outsize::host {

class record_output {
public:
  /// `file` is where the payload is written; empty: to stdout, or into the JSON unless `no_payload`. The record and the
  /// console outlive this object.
  record_output(std::string log, const client::read_record &record, std::string file, bool no_payload, console &to);

  /// Before the first stretch. Errors are those of the file.
  result<void> begin();
  result<void> take(const rope &bytes);
  /// All of it came, verified: says so.
  result<void> finish();

private:
  [[nodiscard]] bool is_shown_in_json() const;
  void tell() const;

  std::string log_;
  const client::read_record &record_;
  std::string file_name_;
  bool no_payload_;
  console &console_;
  std::unique_ptr<output_file> file_;
  running_sha256 sha256_;
  rope shown_; ///< the payload, when it is to stand in the JSON
};

} // namespace outsize::host
