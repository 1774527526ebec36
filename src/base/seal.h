// SPDX-License-Identifier: Apache-2.0
// Short secrets at rest: AES-256-GCM under a key that lies in another place than what it seals.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

class Seal {
 public:
  // 64 hex digits.
  static Result<Seal> from_hex(std::string_view key);
  static std::string new_key();

  // "sealed:v1:<base64 of nonce, bytes and tag>". `place` is not kept, but what was sealed for one
  // place opens for no other.
  std::string seal(std::string_view secret, std::string_view place) const;
  // A text that is not sealed at all is its own content: older versions kept it so. data_loss when
  // it was sealed with another key, for another place, or was changed.
  Result<std::string> open(std::string_view text, std::string_view place) const;
  static bool is_sealed(std::string_view text);

 private:
  explicit Seal(std::string key) : key_(std::move(key)) {}
  std::string key_;  // 32 bytes
};

}  // namespace slipway
