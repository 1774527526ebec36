// SPDX-License-Identifier: Apache-2.0
// Sizes as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway {

// "2GiB", "512 MiB", "1.5GB", "100" (bytes), up to 1e18.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace slipway
