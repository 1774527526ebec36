// SPDX-License-Identifier: Apache-2.0
// MLflow's rules about names and lengths, which count characters, not bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::wire::mlflow {

std::size_t length_of(std::string_view text);
std::string cut(std::string_view text, std::size_t characters);
Result<void> check_length(std::string_view field, std::string_view text, std::size_t limit);

// Letters, digits and "/_-. :" only, and no path that would normalise to another one. `field` is
// where it was given ("metrics[3].key"). For metrics, params and tags, of whatever owner.
Result<void> check_name(std::string_view field, std::string_view name);
// True for names that check_name and the limit of a key let pass at first sight: most of them.
bool is_plain_name(std::string_view name);

// An id of a run: a letter or digit, then up to 255 letters, digits, '_' or '-'.
Result<void> check_run_id(std::string_view id);

inline constexpr std::size_t kKeyLimit = 250;
inline constexpr std::size_t kParamLimit = 6'000;  // longer values are cut, not refused
inline constexpr std::size_t kTagLimit = 8'000;    // likewise

}  // namespace slipway::wire::mlflow
