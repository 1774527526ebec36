// SPDX-License-Identifier: Apache-2.0
#include "manifest.h"

#include "base/hash.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::app {
namespace {

std::string line_of(const char* kind, const Manifest::File& file) {
  std::string out = "{\"" + std::string(kind) + "\":";
  append_json_string(out, file.path);
  append_json_string(out += ",\"sha256\":", file.sha256);
  return out + ",\"size\":" + std::to_string(file.size) + "}\n";
}

bool is_hash(const std::string& text) {
  return text.size() == 64 && from_hex(text).has_value();
}

// No absolute path, nothing that leads out.
bool is_safe(const std::string& path) {
  if (path.empty() || path.starts_with('/') || path.find('\0') != std::string::npos) return false;
  for (const auto part : split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  std::string out = "{\"slipway_backup\":1,\"made\":" + std::to_string(manifest.made);
  append_json_string(out += ",\"version\":", manifest.version);
  out += "}\n" + line_of("database", manifest.database);
  for (const auto& file : manifest.files) out += line_of("file", file);
  for (const auto& blob : manifest.blobs) out += line_of("blob", blob);
  return out + "{\"end\":\"" + sha256_hex(out) + "\"}\n";
}

Result<Manifest> parse_manifest(const std::string& text, const std::string& path) {
  const auto damaged = [&](const std::string& why) {
    return Error{Code::data_loss, "'" + path + "' " + why, "take an older backup"};
  };
  constexpr std::string_view kEnd = "{\"end\":\"";
  const auto end = text.rfind(kEnd);
  if (end == std::string::npos || text.size() != end + kEnd.size() + 64 + 3) {
    return damaged("is cut off: its last line is missing");
  }
  if (text.compare(end + kEnd.size(), 64, sha256_hex(std::string_view(text).substr(0, end))) != 0) {
    return damaged("is damaged: its checksum does not fit");
  }
  Manifest out;
  bool first = true;
  for (const auto line : split(std::string_view(text).substr(0, end), '\n')) {
    if (line.empty()) continue;
    SW_TRY(const auto row, json::parse_value(line));
    if (first) {
      if (json::int_at(row, "slipway_backup") != 1) {
        return precondition("'" + path + "' is of another format than 1",
                            "restore it with the version of Slipway that made it");
      }
      out.made = json::int_at(row, "made").value_or(0);
      out.version = json::text_at(row, "version").value_or("");
      first = false;
      continue;
    }
    for (const char* kind : {"database", "file", "blob"}) {
      const auto name = json::text_at(row, kind);
      if (!name) continue;
      Manifest::File file{*name, json::text_at(row, "sha256").value_or(""),
                          static_cast<std::uint64_t>(json::int_at(row, "size").value_or(0))};
      if (!is_safe(file.path) || !is_hash(file.sha256)) {
        return damaged("names a file that no backup has: '" + file.path + "'");
      }
      if (*kind == 'd') {
        out.database = std::move(file);
      } else {
        (*kind == 'f' ? out.files : out.blobs).push_back(std::move(file));
      }
    }
  }
  if (out.database.path.empty()) return damaged("names no database");
  return out;
}

}  // namespace slipway::app
