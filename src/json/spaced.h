// SPDX-License-Identifier: Apache-2.0
// JSON with a space behind each comma and colon, and numbers that keep their kind (2.0 stays 2.0):
// the form in which Python programs write it, for texts that are compared with theirs.
#pragma once

#include <string>
#include <string_view>

#include "json/value.h"

namespace slipway::json {

enum class Escape { none, ascii };  // ascii: other characters become \uXXXX

std::string dump_spaced(const value& value, Escape escape);
void append_spaced(std::string& out, std::string_view text, Escape escape);  // one string
// The shortest text that reads back as the same double: 1.0, 0.1, 1e-05, NaN, -Infinity.
void append_spaced(std::string& out, double number);

}  // namespace slipway::json
