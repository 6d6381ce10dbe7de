#include "sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace outsize::host {

namespace {

EVP_MD_CTX *as_context(void *context) {
  return static_cast<EVP_MD_CTX *>(context);
}

void check(bool done) {
  if (!done) {
    throw std::runtime_error("OpenSSL offers no SHA-256");
  }
}

} // namespace

void running_sha256::deleter::operator()(void *context) const {
  EVP_MD_CTX_free(as_context(context));
}

running_sha256::running_sha256() : context_(EVP_MD_CTX_new()) {
  check(context_ != nullptr && EVP_DigestInit_ex(as_context(context_.get()), EVP_sha256(), nullptr) == 1);
}

void running_sha256::add(const rope &bytes) {
  for (const buffer &part : bytes.parts()) {
    check(EVP_DigestUpdate(as_context(context_.get()), part.data(), part.size()) == 1);
  }
}

std::string running_sha256::hex() const {
  const running_sha256 copy; // to end it is to change it
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int count = 0;
  check(EVP_MD_CTX_copy_ex(as_context(copy.context_.get()), as_context(context_.get())) == 1 &&
        EVP_DigestFinal_ex(as_context(copy.context_.get()), bytes.data(), &count) == 1);
  std::string hex;
  for (unsigned int i = 0; i < count; ++i) {
    hex += fmt::format("{:02x}", bytes[i]);
  }
  return hex;
}

std::string sha256_hex(const rope &payload) {
  running_sha256 all;
  all.add(payload);
  return all.hex();
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
