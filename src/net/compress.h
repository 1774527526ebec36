// SPDX-License-Identifier: Apache-2.0
// gzip and deflate, bounded: a small request cannot become a large one unnoticed.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

namespace slipway::net {

// "gzip", "x-gzip", "deflate", "identity" or empty.
bool is_known_encoding(std::string_view encoding);

// `exhausted` when the result would pass `limit`, `invalid_argument` when the bytes are not whole.
Result<std::string> decompress(std::string_view bytes, std::size_t limit);
// Empty when they cannot be compressed. `zlib` is what HTTP and gRPC call deflate.
std::string gzip(std::string_view bytes);
std::string zlib(std::string_view bytes);

// Decompresses what another source gives.
std::shared_ptr<BodySource> decompressing(std::shared_ptr<BodySource> from);

// Compresses the body when the client takes gzip and it is worth it; sets the fields that belong.
void compress_answer(const Request& request, Response& response);

}  // namespace slipway::net
