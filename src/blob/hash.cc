// SPDX-License-Identifier: Apache-2.0
#include "blob/hash.h"

#include <vector>

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "base/text.h"
#include "files.h"

namespace slipway::blob {

struct Hasher::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~Impl() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(Kind kind) : impl_(std::make_unique<Impl>()) {
  const EVP_MD* algorithm = kind == Kind::sha256 ? EVP_sha256() : EVP_md5();
  SW_ASSERT(EVP_DigestInit_ex(impl_->context, algorithm, nullptr) == 1);
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;

void Hasher::add(std::string_view bytes) {
  SW_ASSERT(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

std::string Hasher::finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  SW_ASSERT(EVP_DigestFinal_ex(impl_->context, digest, &size) == 1);
  return to_hex({reinterpret_cast<const char*>(digest), size});
}

std::string hash_of(Hasher::Kind kind, std::string_view bytes) {
  Hasher hasher(kind);
  hasher.add(bytes);
  return hasher.finish();
}

Result<std::string> hash_of_file(Hasher::Kind kind, const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return system_error("cannot read '" + path + "'");
  Hasher hasher(kind);
  std::vector<char> buffer(256 << 10);
  while (true) {
    const ssize_t n = ::read(file.fd(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("cannot read '" + path + "'");
    if (n == 0) return hasher.finish();
    hasher.add({buffer.data(), static_cast<std::size_t>(n)});
  }
}

}  // namespace slipway::blob
