// SPDX-License-Identifier: Apache-2.0
// Small things done to text: trimming, splitting, hex, base64, percent-encoding, numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

std::string_view trim(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char at);
std::string to_lower(std::string_view text);                       // ASCII only
bool equal_ignoring_case(std::string_view a, std::string_view b);  // ASCII only

std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// RFC 3986; nothing if a % is not followed by two hex digits. `plus_is_space` for form data.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
// Keeps unreserved characters and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = "");

// The whole text must be the number.
std::optional<std::int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

bool is_valid_utf8(std::string_view text);
// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// The shortest text that reads back as the same double ("NaN", "Infinity", "-Infinity" too).
std::string number_text(double value);

}  // namespace slipway
