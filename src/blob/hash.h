// SPDX-License-Identifier: Apache-2.0
// Content hashes, fed piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::blob {

// Not thread-safe. Texts are lower-case hex.
class Hasher {
 public:
  enum class Kind { sha256, md5 };
  explicit Hasher(Kind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  void add(std::string_view bytes);
  std::string finish();  // once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string hash_of(Hasher::Kind kind, std::string_view bytes);
Result<std::string> hash_of_file(Hasher::Kind kind, const std::string& path);

}  // namespace slipway::blob
