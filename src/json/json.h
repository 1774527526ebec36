// SPDX-License-Identifier: Apache-2.0
// JSON to and from plain structs. This header only declares; a room describes its structs and
// instantiates the two functions for them in one file of its own:
//
//   messages.h   struct Create { std::string name; std::optional<std::int64_t> at; };
//                BOOST_DESCRIBE_STRUCT(Create, (), (name, at))     // boost/describe.hpp, cheap
//   messages.cc  #include "json/describe.h"
//                SLIPWAY_JSON(Create)
//
// Unknown fields are ignored, absent ones keep their default, a wrong type is an error that names
// its path: "$.metrics[0].value: expected a number, got a string".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::json {

struct ParseOptions {
  bool numbers_from_text = false;  // "12", "1.5", "NaN", "Infinity" where a number is wanted
  bool null_is_absent = true;      // null for a field means: not given
  bool camel_case_too = false;     // runId is read as run_id; both at once are an error
  bool flags_from_text = false;    // "true", "false" in any case where a boolean is wanted
  bool list_from_single = false;   // one value where an array is wanted
  bool reject_unknown = false;     // an unknown field is an error
};

struct DumpOptions {
  enum class NonFinite { null, text };  // NaN and infinities: null, or "NaN", "Infinity", ..
  NonFinite non_finite = NonFinite::null;
  bool skip_empty_lists = false;  // a list without items is left out
};

// An optional that is written as null when empty; a plain std::optional is left out instead.
template <class T>
struct Nullable : std::optional<T> {
  using std::optional<T>::optional;
  using std::optional<T>::operator=;
};

// JSON text carried along unread (`parse` checks that it is well-formed; `dump` writes it as is).
struct Raw {
  std::string text = "null";
};

template <class T>
Result<T> parse(std::string_view text, const ParseOptions& options = {});

template <class T>
std::string dump(const T& value, const DumpOptions& options = {});

// The JSON Schema of T, for descriptions of an API.
template <class T>
std::string schema();

// The deepest nesting that any of our readers follows.
inline constexpr int kMaxDepth = 64;

}  // namespace slipway::json
