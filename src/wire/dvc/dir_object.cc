// SPDX-License-Identifier: Apache-2.0
#include "dir_object.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "json/reader.h"

namespace slipway::wire::dvc {
namespace {

constexpr std::size_t kPiece = 64 << 10;

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

void write_dir_object(const data::Manifest& manifest,
                      const std::function<void(std::string_view)>& out) {
  std::string text = "[";
  bool first = true;
  for (const auto& entry : manifest.entries) {
    if (!std::exchange(first, false)) text += ", ";
    text += R"({"md5": ")";
    text += data::hex_of(entry.md5);
    text += R"(", "relpath": )";
    append_ascii_json(text, entry.path);
    text += '}';
    if (text.size() < kPiece) continue;
    out(text);
    text.clear();
  }
  out(text + "]");
}

std::string write_dir_object(const data::Manifest& manifest) {
  std::string out;
  write_dir_object(manifest, [&](std::string_view piece) { out += piece; });
  return out;
}

namespace {

// One {"md5": .., "relpath": ..}; what else it says does not matter.
Result<data::Entry> read_entry(json::Reader& in) {
  data::Entry out;
  bool hashed = false;
  std::string_view key;
  std::string_view text;
  if (!in.begin_object()) return in.error();
  while (in.next_key(key)) {
    if (key == "md5") {
      if (!in.read(text)) return in.error();
      const auto md5 = data::md5_of_hex(text);
      if (!md5) return invalid("'" + std::string(text) + "' in a folder's manifest is no hash");
      out.md5 = *md5;
      hashed = true;
    } else if (key == "relpath") {
      if (!in.read(text)) return in.error();
      out.path = text;
    } else {
      in.skip();
    }
  }
  if (!in.ok()) return in.error();
  if (!hashed) return invalid("an entry of a folder's manifest lacks md5 or relpath");
  if (!is_safe(out.path)) {
    return invalid("'" + out.path + "' in a folder's manifest leaves the folder");
  }
  return out;
}

}  // namespace

Result<data::Manifest> parse_dir_object(std::string_view text) {
  data::Manifest out{.folder = true};
  json::Reader in(text);
  if (!in.begin_array()) return invalid("a folder's manifest must be a JSON list");
  while (in.next_element()) {
    SW_TRY(auto entry, read_entry(in));
    out.entries.push_back(std::move(entry));
  }
  if (!in.finish()) return in.error();
  const auto by_path = [](const auto& a, const auto& b) { return a.path < b.path; };
  if (!std::is_sorted(out.entries.begin(), out.entries.end(), by_path)) {
    std::sort(out.entries.begin(), out.entries.end(), by_path);
  }
  const auto twice =
      std::adjacent_find(out.entries.begin(), out.entries.end(),
                         [](const auto& a, const auto& b) { return a.path == b.path; });
  if (twice != out.entries.end()) {
    return invalid("'" + twice->path + "' stands twice in a manifest");
  }
  return out;
}

}  // namespace slipway::wire::dvc
