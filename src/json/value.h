// SPDX-License-Identifier: Apache-2.0
// JSON whose shape is not known beforehand. Costs a second to compile: include in .cc files only,
// and prefer structs (json/json.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace slipway::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

// At most kMaxDepth deep, no trailing text, no duplicate-key surprises (the last one wins).
Result<value> parse_value(std::string_view text);
std::string dump_value(const value& value);

// "an object", "a number", .. for messages.
std::string_view kind_of(const value& value);

// The member `key` of `from` as text, number or flag; nothing when absent, null or another type.
std::optional<std::string> text_at(const value& from, std::string_view key);
std::optional<double> number_at(const value& from, std::string_view key);
std::optional<std::int64_t> int_at(const value& from, std::string_view key);
std::optional<bool> bool_at(const value& from, std::string_view key);
// The member itself; null when `from` is not an object or lacks it.
const value* find(const value& from, std::string_view key);

}  // namespace slipway::json
