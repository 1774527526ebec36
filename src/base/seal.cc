// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include <array>
#include <memory>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/text.h"

namespace slipway {
namespace {

constexpr std::string_view kPrefix = "sealed:v1:";
constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, Free>;

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  SW_ASSERT(RAND_bytes(bytes(out), static_cast<int>(size)) == 1);
  return out;
}

}  // namespace

Result<Seal> Seal::from_hex(std::string_view key) {
  auto raw = slipway::from_hex(key);
  if (!raw || raw->size() != kKeySize) {
    return invalid("the key that seals secrets is not 64 hex digits");
  }
  return Seal(*std::move(raw));
}

std::string Seal::new_key() {
  return to_hex(random_bytes(kKeySize));
}

bool Seal::is_sealed(std::string_view text) {
  return text.starts_with(kPrefix);
}

std::string Seal::seal(std::string_view secret, std::string_view place) const {
  const auto nonce = random_bytes(kNonceSize);
  std::string out(secret.size(), '\0');
  std::string tag(kTagSize, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  auto* c = cipher.get();
  SW_ASSERT(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, bytes(key_), bytes(nonce)) == 1);
  SW_ASSERT(EVP_EncryptUpdate(c, nullptr, &size, bytes(place), static_cast<int>(place.size())) ==
            1);
  SW_ASSERT(
      EVP_EncryptUpdate(c, bytes(out), &size, bytes(secret), static_cast<int>(secret.size())) == 1);
  std::array<unsigned char, kTagSize> rest{};
  SW_ASSERT(EVP_EncryptFinal_ex(c, rest.data(), &size) == 1);
  SW_ASSERT(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, kTagSize, tag.data()) == 1);
  return std::string(kPrefix) + to_base64(nonce + out + tag);
}

Result<std::string> Seal::open(std::string_view text, std::string_view place) const {
  if (!is_sealed(text)) return std::string(text);
  const Error broken{Code::data_loss, "a secret cannot be opened with the key of this data folder",
                     "bring back the file secret.key that it was sealed with, or set it anew"};
  const auto raw = from_base64(text.substr(kPrefix.size()));
  if (!raw || raw->size() < kNonceSize + kTagSize) return broken;
  const auto nonce = std::string_view(*raw).substr(0, kNonceSize);
  const auto body = std::string_view(*raw).substr(kNonceSize, raw->size() - kNonceSize - kTagSize);
  auto tag = raw->substr(raw->size() - kTagSize);
  std::string out(body.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  auto* c = cipher.get();
  std::array<unsigned char, kTagSize> rest{};
  const bool fine =
      EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, bytes(key_), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(c, nullptr, &size, bytes(place), static_cast<int>(place.size())) == 1 &&
      EVP_DecryptUpdate(c, bytes(out), &size, bytes(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(c, rest.data(), &size) == 1;
  if (!fine) return broken;
  return out;
}

}  // namespace slipway
