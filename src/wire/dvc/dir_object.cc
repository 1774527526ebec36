// SPDX-License-Identifier: Apache-2.0
#include "dir_object.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "data/object_cache.h"
#include "json/value.h"

namespace slipway::wire::dvc {
namespace {

// The text is UTF-8 (scan checks names). Everything beyond ASCII becomes \uXXXX, as Python writes
// it.
void append_ascii_json(std::string& out, std::string_view text) {
  const auto escape = [&out](unsigned unit) {
    const char bytes[2] = {static_cast<char>(unit >> 8), static_cast<char>(unit & 255)};
    out += "\\u" + to_hex({bytes, 2});
  };
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      switch (text[i]) {
        case '"':
          out += "\\\"";
          break;
        case '\\':
          out += "\\\\";
          break;
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        case '\t':
          out += "\\t";
          break;
        case '\b':
          out += "\\b";
          break;
        case '\f':
          out += "\\f";
          break;
        default:
          if (byte < 0x20) {
            escape(byte);
          } else {
            out += text[i];
          }
      }
      ++i;
      continue;
    }
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    unsigned code = byte & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    }
    if (code >= 0x10000) {
      escape(0xd800 + ((code - 0x10000) >> 10));
      escape(0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
      escape(code);
    }
    i += length;
  }
  out += '"';
}

bool is_safe(std::string_view path) {
  if (path.empty() || path.find('\0') != path.npos) return false;
  for (const auto segment : split(path, '/')) {
    if (segment.empty() || segment == "." || segment == "..") return false;
  }
  return true;
}

}  // namespace

std::string write_dir_object(const data::Manifest& manifest) {
  std::string out = "[";
  for (const auto& entry : manifest.entries) {
    if (out.size() > 1) out += ", ";
    out += R"({"md5": ")" + entry.md5 + R"(", "relpath": )";
    append_ascii_json(out, entry.path);
    out += '}';
  }
  return out + "]";
}

Result<data::Manifest> parse_dir_object(std::string_view text) {
  SW_TRY(const auto document, json::parse_value(text));
  if (!document.is_array()) return invalid("a folder's manifest must be a JSON list");
  data::Manifest out{.folder = true};
  std::set<std::string> seen;
  for (const auto& item : document.get_array()) {
    auto md5 = json::text_at(item, "md5");
    auto path = json::text_at(item, "relpath");
    if (!md5 || !path) return invalid("an entry of a folder's manifest lacks md5 or relpath");
    if (!data::is_object_id(*md5))
      return invalid("'" + *md5 + "' in a folder's manifest is no hash");
    if (!is_safe(*path)) return invalid("'" + *path + "' in a folder's manifest leaves the folder");
    if (!seen.insert(*path).second) return invalid("'" + *path + "' stands twice in a manifest");
    out.entries.push_back({.path = *std::move(path), .md5 = *std::move(md5)});
  }
  std::sort(out.entries.begin(), out.entries.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

}  // namespace slipway::wire::dvc
