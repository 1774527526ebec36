// SPDX-License-Identifier: Apache-2.0
// Defines what json/json.h declares. Include in a room's messages.cc only, then SLIPWAY_JSON(T).
#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <map>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "base/text.h"
#include "json/json.h"
#include "json/value.h"

namespace slipway::json::detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_optional<Nullable<T>> = true;
template <class T>
inline constexpr bool is_nullable = false;
template <class T>
inline constexpr bool is_nullable<Nullable<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;

template <class T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public |
                                                         boost::describe::mod_inherited>;

// Where in the document we are, as a linked list on the stack; turned into text only on errors.
struct Path {
  const Path* up = nullptr;
  std::string_view key;
  std::size_t index = 0;

  std::string text() const {
    if (up == nullptr) return "$";
    if (key.data() == nullptr) return up->text() + "[" + std::to_string(index) + "]";
    return up->text() + "." + std::string(key);
  }
};

inline Error wrong_type(const Path& at, std::string_view wanted, const value& got) {
  return invalid(at.text() + ": expected " + std::string(wanted) + ", got " +
                 std::string(kind_of(got)));
}

inline std::string camel_case(std::string_view snake) {
  std::string out;
  bool up = false;
  for (const char c : snake) {
    if (c == '_') {
      up = true;
    } else {
      out += up ? static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) : c;
      up = false;
    }
  }
  return out;
}

template <class T>
Result<void> read(const value& from, T& out, const ParseOptions& options, const Path& at);

template <std::integral T>
Result<void> read_integer(const value& from, T& out, const ParseOptions& options, const Path& at) {
  std::int64_t n = 0;
  if (from.is_int64()) {
    n = from.get_int64();
  } else if (from.is_uint64()) {
    return invalid(at.text() + ": " + std::to_string(from.get_uint64()) + " is too large");
  } else if (from.is_double()) {
    const double x = from.get_double();
    if (x != std::floor(x) || std::abs(x) > 9e15) {
      return invalid(at.text() + ": expected an integer, got " + number_text(x));
    }
    n = static_cast<std::int64_t>(x);
  } else if (options.numbers_from_text && from.is_string()) {
    const auto parsed = parse_int(std::string_view(from.get_string()));
    if (!parsed) return wrong_type(at, "an integer", from);
    n = *parsed;
  } else {
    return wrong_type(at, "an integer", from);
  }
  if (n < static_cast<std::int64_t>(std::numeric_limits<T>::min()) ||
      (sizeof(T) < 8 && n > static_cast<std::int64_t>(std::numeric_limits<T>::max()))) {
    return invalid(at.text() + ": " + std::to_string(n) + " is out of range");
  }
  out = static_cast<T>(n);
  return {};
}

inline Result<void> read_double(const value& from, double& out, const ParseOptions& options,
                                const Path& at) {
  if (from.is_number()) {
    out = from.to_number<double>();
    return {};
  }
  if (options.numbers_from_text && from.is_string()) {
    const std::string_view text(from.get_string());
    if (text == "NaN") return out = std::numeric_limits<double>::quiet_NaN(), Result<void>{};
    if (text == "Infinity" || text == "-Infinity") {
      out = text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
      return {};
    }
    if (const auto parsed = parse_double(text)) return out = *parsed, Result<void>{};
  }
  return wrong_type(at, "a number", from);
}

template <class T>
Result<void> read_struct(const value& from, T& out, const ParseOptions& options, const Path& at) {
  if (!from.is_object()) return wrong_type(at, "an object", from);
  const auto& members = from.get_object();
  Result<void> result;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    if (!result) return;
    const value* found = members.if_contains(member.name);
    if (options.camel_case_too &&
        std::string_view(member.name).find('_') != std::string_view::npos) {
      const value* other = members.if_contains(camel_case(member.name));
      if (found != nullptr && other != nullptr) {
        result = invalid(at.text() + ": both '" + member.name + "' and '" +
                         camel_case(member.name) + "' are given; send only one of them");
        return;
      }
      if (found == nullptr) found = other;
    }
    if (found == nullptr || (found->is_null() && options.null_is_absent)) return;
    result = read(*found, out.*member.pointer, options, Path{&at, member.name});
  });
  if (result && options.reject_unknown) {
    for (const auto& entry : members) {
      const std::string_view key = entry.key();
      bool known = false;
      boost::mp11::mp_for_each<Members<T>>([&](auto member) { known |= key == member.name; });
      if (!known) return invalid(at.text() + ": unknown field '" + std::string(key) + "'");
    }
  }
  return result;
}

template <class T>
Result<void> read(const value& from, T& out, const ParseOptions& options, const Path& at) {
  if constexpr (std::same_as<T, bool>) {
    if (options.flags_from_text && from.is_string()) {
      const std::string_view text(from.get_string());
      if (equal_ignoring_case(text, "true")) return out = true, Result<void>{};
      if (equal_ignoring_case(text, "false")) return out = false, Result<void>{};
    }
    if (!from.is_bool()) return wrong_type(at, "a boolean", from);
    out = from.get_bool();
    return {};
  } else if constexpr (std::integral<T>) {
    return read_integer(from, out, options, at);
  } else if constexpr (std::same_as<T, double>) {
    return read_double(from, out, options, at);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!from.is_string()) return wrong_type(at, "a string", from);
    out = std::string_view(from.get_string());
    return {};
  } else if constexpr (std::same_as<T, Raw>) {
    out.text = dump_value(from);
    return {};
  } else if constexpr (is_optional<T>) {
    if (from.is_null()) return {};
    return read(from, out.emplace(), options, at);
  } else if constexpr (is_vector<T>) {
    out.clear();
    if (options.list_from_single && !from.is_array()) {
      return read(from, out.emplace_back(), options, at);
    }
    if (!from.is_array()) return wrong_type(at, "an array", from);
    const auto& items = from.get_array();
    out.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      typename T::value_type item{};
      SW_CHECK_OK(read(items[i], item, options, Path{&at, {}, i}));
      out.push_back(std::move(item));
    }
    return {};
  } else if constexpr (is_map<T>) {
    if (!from.is_object()) return wrong_type(at, "an object", from);
    for (const auto& [key, item] : from.get_object()) {
      SW_CHECK_OK(read(item, out[std::string(key)], options, Path{&at, std::string_view(key)}));
    }
    return {};
  } else {
    return read_struct(from, out, options, at);
  }
}

template <class T>
void write(std::string& out, const T& from, const DumpOptions& options);

template <class T>
void write_struct(std::string& out, const T& from, const DumpOptions& options) {
  out += '{';
  bool first = true;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const auto& field = from.*member.pointer;
    using Field = std::remove_cvref_t<decltype(field)>;
    if constexpr (is_optional<Field> && !is_nullable<Field>) {
      if (!field.has_value()) return;
    }
    if constexpr (is_vector<Field>) {
      if (options.skip_empty_lists && field.empty()) return;
    }
    if (!first) out += ',';
    first = false;
    ((out += '"') += member.name) += "\":";
    write(out, field, options);
  });
  out += '}';
}

inline void write_double(std::string& out, double x, const DumpOptions& options) {
  if (std::isfinite(x)) {
    out += number_text(x);
  } else if (options.non_finite == DumpOptions::NonFinite::null) {
    out += "null";
  } else {
    ((out += '"') += number_text(x)) += '"';
  }
}

template <class T>
void write(std::string& out, const T& from, const DumpOptions& options) {
  if constexpr (std::same_as<T, bool>) {
    out += from ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    out += std::to_string(from);
  } else if constexpr (std::same_as<T, double>) {
    write_double(out, from, options);
  } else if constexpr (std::same_as<T, std::string>) {
    append_json_string(out, from);
  } else if constexpr (std::same_as<T, Raw>) {
    out += from.text;
  } else if constexpr (is_optional<T>) {
    if (from.has_value()) {
      write(out, *from, options);
    } else {
      out += "null";
    }
  } else if constexpr (is_vector<T>) {
    out += '[';
    bool first = true;
    for (const auto& item : from) {
      if (!first) out += ',';
      first = false;
      write<typename T::value_type>(out, item, options);
    }
    out += ']';
  } else if constexpr (is_map<T>) {
    out += '{';
    bool first = true;
    for (const auto& [key, item] : from) {
      if (!first) out += ',';
      first = false;
      append_json_string(out, key);
      out += ':';
      write(out, item, options);
    }
    out += '}';
  } else {
    write_struct(out, from, options);
  }
}

template <class T>
void append_schema(std::string& out, int depth) {
  if constexpr (std::same_as<T, bool>) {
    out += R"({"type":"boolean"})";
  } else if constexpr (std::integral<T>) {
    out += R"({"type":"integer"})";
  } else if constexpr (std::same_as<T, double>) {
    out += R"({"type":["number","null"]})";
  } else if constexpr (std::same_as<T, std::string>) {
    out += R"({"type":"string"})";
  } else if constexpr (std::same_as<T, Raw>) {
    out += "{}";
  } else if constexpr (is_nullable<T>) {
    out += R"({"anyOf":[)";
    append_schema<typename T::value_type>(out, depth);
    out += R"(,{"type":"null"}]})";
  } else if constexpr (is_optional<T>) {
    append_schema<typename T::value_type>(out, depth);
  } else if constexpr (is_vector<T>) {
    out += R"({"type":"array","items":)";
    append_schema<typename T::value_type>(out, depth);
    out += '}';
  } else if constexpr (is_map<T>) {
    out += R"({"type":"object","additionalProperties":)";
    append_schema<typename T::mapped_type>(out, depth);
    out += '}';
  } else {
    if (depth > 8) return void(out += R"({"type":"object"})");  // a type that holds itself
    out += R"({"type":"object","properties":{)";
    bool first = true;
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      if (!first) out += ',';
      first = false;
      ((out += '"') += member.name) += "\":";
      append_schema<std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>>(out,
                                                                                       depth + 1);
    });
    out += "}}";
  }
}

}  // namespace slipway::json::detail

namespace slipway::json {

template <class T>
Result<T> parse(std::string_view text, const ParseOptions& options) {
  SW_TRY(const auto document, parse_value(text));
  T out{};
  SW_CHECK_OK(detail::read(document, out, options, detail::Path{}));
  return out;
}

template <class T>
std::string dump(const T& from, const DumpOptions& options) {
  std::string out;
  detail::write(out, from, options);
  return out;
}

template <class T>
std::string schema() {
  std::string out;
  detail::append_schema<T>(out, 0);
  return out;
}

}  // namespace slipway::json

#define SLIPWAY_JSON(T)                                                                        \
  template ::slipway::Result<T> slipway::json::parse<T>(std::string_view,                      \
                                                        const ::slipway::json::ParseOptions&); \
  template std::string slipway::json::dump<T>(const T&, const ::slipway::json::DumpOptions&);  \
  template std::string slipway::json::schema<T>();
