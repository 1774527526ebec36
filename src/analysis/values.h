// SPDX-License-Identifier: Apache-2.0
// Values as JSON and as short text.
#pragma once

#include <string>

#include "analysis/profile.h"
#include "json/value.h"

namespace slipway::analysis {

// Texts, true and false, integers, numbers, RFC 3339 times; null for what JSON has no number for.
json::value value_of(const Field& field, const Value& value);
json::value number_or_null(double x);
// For a page: numbers with four digits, texts of at most 60 bytes.
std::string short_text(const Field& field, const Value& value);
// At most `most` bytes of UTF-8, whole characters, with an ellipsis where something was cut.
std::string clipped(const std::string& text, std::size_t most);

}  // namespace slipway::analysis
