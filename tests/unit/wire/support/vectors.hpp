// The test vectors of docs/vectors and the page they belong to, docs/protocol.md.
//
// Thread rule: free functions without state.
#pragma once

#include <outsize/buffer.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace outsize::wire::test {

struct vector_file {
  std::vector<std::string> fields; ///< "name = value", as the comments before the first byte say
  buffer bytes;
};

/// Of docs/vectors/NAME.hex. Throws std::runtime_error, naming the file, when it is not there or no hex.
vector_file read_vector(const std::string &name);
/// `#` begins a comment, white space means nothing.
buffer bytes_of_hex(std::string_view text, const std::string &where);
/// The whole of docs/protocol.md.
std::string read_protocol_page();

std::string to_hex(std::string_view bytes);

} // namespace outsize::wire::test
