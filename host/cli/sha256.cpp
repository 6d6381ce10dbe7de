#include "sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace outsize::host {

std::string sha256_hex(const rope &payload) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX *)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int count = 0;
  bool done = digest != nullptr && EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) == 1;
  for (const buffer &part : payload.parts()) {
    done = done && EVP_DigestUpdate(digest.get(), part.data(), part.size()) == 1;
  }
  if (!done || EVP_DigestFinal_ex(digest.get(), bytes.data(), &count) != 1) {
    throw std::runtime_error("OpenSSL offers no SHA-256");
  }
  std::string hex;
  for (unsigned int i = 0; i < count; ++i) {
    hex += fmt::format("{:02x}", bytes[i]);
  }
  return hex;
}

std::string base64(const rope &payload) {
  const buffer bytes = payload.flatten();
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0'); // and the zero that OpenSSL puts behind
  const int count =
      EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(count));
  return text;
}

} // namespace outsize::host
