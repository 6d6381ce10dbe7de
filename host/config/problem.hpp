// What is told to an operator when something he wrote or started cannot be: one line, always of the same form.
//
//   code: text (value; place; limit; remedy)
//
// Thread rule: plain values; any thread.
#pragma once

#include <outsize/error.hpp>

#include <string>

namespace outsize::host {

/// Something that is wrong, for a human. Parts that do not apply are empty and are left out of the line.
struct problem {
  outsize::code code = outsize::code::bad_config;
  std::string text;   ///< what is wrong
  std::string value;  ///< as it was written
  std::string place;  ///< "file:line", an address, a file
  std::string limit;  ///< what would have been right: "4KiB to 1GiB"
  std::string remedy; ///< what to do; empty: the remedy of the code's table
};

/// "code: text (value; place; limit; remedy)", without a line break.
std::string to_line(const problem &wrong);

/// Sizes become value and limit, the peer becomes the place.
problem to_problem(const error &from);

} // namespace outsize::host
