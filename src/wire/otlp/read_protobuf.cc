// SPDX-License-Identifier: Apache-2.0
// ExportTraceServiceRequest of opentelemetry-proto; field numbers as in its .proto files.
#include "base/text.h"
#include "export.h"
#include "protobuf.h"

namespace slipway::wire::otlp {
namespace {

Error malformed(std::string_view what) {
  return invalid("Invalid OpenTelemetry format: " + std::string(what));
}

Result<std::string> text(const Fields& fields) {
  if (!is_valid_utf8(fields.bytes())) return malformed("a text is not UTF-8");
  return std::string(fields.bytes());
}

Result<json::value> any_value(std::string_view bytes, int depth);

Result<void> key_value(std::string_view bytes, Attributes& into, int depth) {
  std::string key;
  json::value value;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::bytes)) {
      SW_TRY(key, text(fields));
    } else if (fields.is(2, Wire::bytes)) {
      SW_TRY(value, any_value(fields.bytes(), depth));
    }
  }
  if (!fields.ok()) return malformed("an attribute is cut short");
  into.insert_or_assign(key, std::move(value));
  return {};
}

Result<json::value> list_value(std::string_view bytes, int depth) {
  json::array out;
  Fields fields(bytes);
  while (fields.next()) {
    if (!fields.is(1, Wire::bytes)) continue;
    SW_TRY(auto item, any_value(fields.bytes(), depth));
    out.push_back(std::move(item));
  }
  if (!fields.ok()) return malformed("a list is cut short");
  return json::value(std::move(out));
}

Result<json::value> map_value(std::string_view bytes, int depth) {
  Attributes out;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::bytes)) SW_CHECK_OK(key_value(fields.bytes(), out, depth));
  }
  if (!fields.ok()) return malformed("a map is cut short");
  return json::value(std::move(out));
}

Result<json::value> any_value(std::string_view bytes, int depth) {
  if (depth > kDepthLimit) return malformed("values are nested too deeply");
  json::value out;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::bytes)) {
      SW_TRY(const auto made, text(fields));
      out = json::value(made);
    } else if (fields.is(2, Wire::varint)) {
      out = fields.number() != 0;
    } else if (fields.is(3, Wire::varint)) {
      out = static_cast<std::int64_t>(fields.number());
    } else if (fields.is(4, Wire::fixed64)) {
      out = fields.real();
    } else if (fields.is(5, Wire::bytes)) {
      SW_TRY(out, list_value(fields.bytes(), depth + 1));
    } else if (fields.is(6, Wire::bytes)) {
      SW_TRY(out, map_value(fields.bytes(), depth + 1));
    } else if (fields.is(7, Wire::bytes)) {
      out = json::value(shown_bytes(fields.bytes()));
    }
  }
  if (!fields.ok()) return malformed("a value is cut short");
  return out;
}

Result<EventIn> event(std::string_view bytes) {
  EventIn out;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::fixed64)) {
      out.at_ns = fields.number();
    } else if (fields.is(2, Wire::bytes)) {
      SW_TRY(out.name, text(fields));
    } else if (fields.is(3, Wire::bytes)) {
      SW_CHECK_OK(key_value(fields.bytes(), out.attributes, 0));
    }
  }
  if (!fields.ok()) return malformed("an event is cut short");
  return out;
}

Result<LinkIn> link(std::string_view bytes) {
  LinkIn out;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::bytes)) {
      out.trace_id = fields.bytes();
    } else if (fields.is(2, Wire::bytes)) {
      out.span_id = fields.bytes();
    } else if (fields.is(4, Wire::bytes)) {
      SW_CHECK_OK(key_value(fields.bytes(), out.attributes, 0));
    }
  }
  if (!fields.ok()) return malformed("a link is cut short");
  return out;
}

Result<void> status(std::string_view bytes, SpanIn& into) {
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(2, Wire::bytes)) {
      SW_TRY(into.message, text(fields));
    } else if (fields.is(3, Wire::varint)) {
      into.status = fields.number() <= 2 ? static_cast<int>(fields.number()) : 0;
    }
  }
  if (!fields.ok()) return malformed("a status is cut short");
  return {};
}

Result<SpanIn> span(std::string_view bytes) {
  SpanIn out;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::bytes)) {
      out.trace_id = fields.bytes();
    } else if (fields.is(2, Wire::bytes)) {
      out.span_id = fields.bytes();
    } else if (fields.is(4, Wire::bytes)) {
      out.parent_id = fields.bytes();
    } else if (fields.is(5, Wire::bytes)) {
      SW_TRY(out.name, text(fields));
    } else if (fields.is(7, Wire::fixed64)) {
      out.started_ns = fields.number();
    } else if (fields.is(8, Wire::fixed64)) {
      out.ended_ns = fields.number();
    } else if (fields.is(9, Wire::bytes)) {
      SW_CHECK_OK(key_value(fields.bytes(), out.attributes, 0));
    } else if (fields.is(11, Wire::bytes)) {
      SW_TRY(auto made, event(fields.bytes()));
      out.events.push_back(std::move(made));
    } else if (fields.is(13, Wire::bytes)) {
      SW_TRY(auto made, link(fields.bytes()));
      out.links.push_back(std::move(made));
    } else if (fields.is(15, Wire::bytes)) {
      SW_CHECK_OK(status(fields.bytes(), out));
    }
  }
  if (!fields.ok()) return malformed("a span is cut short");
  return out;
}

Result<ResourceIn> resource_spans(std::string_view bytes) {
  ResourceIn out;
  Fields fields(bytes);
  while (fields.next()) {
    if (fields.is(1, Wire::bytes)) {
      Fields resource(fields.bytes());
      while (resource.next()) {
        if (!resource.is(1, Wire::bytes)) continue;
        SW_CHECK_OK(key_value(resource.bytes(), out.attributes, 0));
      }
      if (!resource.ok()) return malformed("a resource is cut short");
    } else if (fields.is(2, Wire::bytes)) {
      Fields scope(fields.bytes());
      while (scope.next()) {
        if (!scope.is(2, Wire::bytes)) continue;
        SW_TRY(auto made, span(scope.bytes()));
        out.spans.push_back(std::move(made));
      }
      if (!scope.ok()) return malformed("a scope is cut short");
    }
  }
  if (!fields.ok()) return malformed("a resource is cut short");
  return out;
}

}  // namespace

Result<ExportIn> read_protobuf(std::string_view bytes) {
  ExportIn out;
  Fields fields(bytes);
  while (fields.next()) {
    if (!fields.is(1, Wire::bytes)) continue;
    SW_TRY(auto made, resource_spans(fields.bytes()));
    out.push_back(std::move(made));
  }
  if (!fields.ok()) return malformed("the request is cut short");
  return out;
}

std::string shown_bytes(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool apostrophe = bytes.find('\'') != std::string_view::npos;
  const char quote = apostrophe && bytes.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out = {'b', quote};
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      (out += '\\') += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte >= 0x7F) {
      ((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out += quote;
}

}  // namespace slipway::wire::otlp
