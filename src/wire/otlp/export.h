// SPDX-License-Identifier: Apache-2.0
// What an exporter sends: spans as OpenTelemetry has them, whatever the encoding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace slipway::wire::otlp {

// Attributes by key; bytes appear as a text of the form b'..'.
using Attributes = json::object;

struct EventIn {
  std::string name;
  std::uint64_t at_ns = 0;
  Attributes attributes;
};

struct LinkIn {
  std::string trace_id;
  std::string span_id;
  Attributes attributes;
};

// Ids as bytes, as sent.
struct SpanIn {
  std::string trace_id;
  std::string span_id;
  std::string parent_id;
  std::string name;
  std::uint64_t started_ns = 0;
  std::uint64_t ended_ns = 0;
  int status = 0;  // 1 ok, 2 error
  std::string message;
  Attributes attributes;
  std::vector<EventIn> events;
  std::vector<LinkIn> links;
};

struct ResourceIn {
  Attributes attributes;
  std::vector<SpanIn> spans;
};

using ExportIn = std::vector<ResourceIn>;

Result<ExportIn> read_protobuf(std::string_view bytes);
Result<ExportIn> read_json(std::string_view text);

// How deep values may lie in each other.
inline constexpr int kDepthLimit = 50;

// b'abc\x00': how bytes are shown.
std::string shown_bytes(std::string_view bytes);

}  // namespace slipway::wire::otlp
