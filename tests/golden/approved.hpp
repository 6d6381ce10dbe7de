// Text that people or other programs rely on, compared with a file that somebody approved.
//
// A case that fails shows both. When the change is meant, run the test once with OUTSIZE_APPROVE=1, which writes the
// file anew, and read its diff before you commit it.
//
// Thread rule: one thread at a time.
#pragma once

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

inline void check_approved(const std::filesystem::path &file, const std::string &text) {
  if (std::getenv("OUTSIZE_APPROVE") != nullptr) {
    std::ofstream(file) << text;
  }
  std::ostringstream approved;
  approved << std::ifstream(file).rdbuf();
  INFO("approved file: " << file);
  CHECK(text == approved.str());
}
