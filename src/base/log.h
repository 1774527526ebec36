// SPDX-License-Identifier: Apache-2.0
// Structured logs: a constant event name and fields, never a formatted sentence.
//
//   log::info("serving.model_loaded", {{"model", name}, {"ms", took}});
//
// JSON lines on standard error when it is not a terminal, readable lines when it is. Thread-safe.
// A message at `error` is something that an operator can act on.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <variant>

namespace slipway::log {

enum class Level { debug, info, warn, error, off };
enum class Format { automatic, json, text };

// The viewed text must outlive the call only.
struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(static_cast<std::int64_t>(v)) {}
  template <std::floating_point T>
  Field(std::string_view k, T v) : key(k), value(static_cast<double>(v)) {}
};

using Fields = std::initializer_list<Field>;

void configure(Level level, Format format);

void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace slipway::log
