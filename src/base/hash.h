// SPDX-License-Identifier: Apache-2.0
// Digests of text that is in memory already.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// Lower-case hex, 64 characters.
std::string sha256_hex(std::string_view bytes);
// The id of the distributed trace that begins with a thing ("alert", its id): 32 hex digits.
std::string trace_id_of(std::string_view kind, std::string_view id);
// HMAC-SHA-256, the same form.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);
// HMAC-SHA-256 as 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// Base64 of the MD5, as Content-MD5 wants it. Not against forgery.
std::string md5_base64(std::string_view bytes);

}  // namespace slipway
