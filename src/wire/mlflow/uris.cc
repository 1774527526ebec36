// SPDX-License-Identifier: Apache-2.0
#include "uris.h"

#include <filesystem>

#include "base/text.h"
#include "rules.h"

namespace slipway::wire::mlflow {
namespace {

constexpr std::string_view kScheme = "mlflow-artifacts:";

Error bad_path(std::string_view path) {
  return invalid("invalid path '" + cut(path, 200) + "'",
                 "a relative path without '..' segments is wanted");
}

bool is_absolute(std::string_view path) {
  const bool drive = path.size() >= 3 && path[1] == ':' && (path[2] == '/' || path[2] == '\\') &&
                     ((path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z'));
  return path.starts_with('/') || path.starts_with('\\') || drive;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What stands behind a '%' without two hex digits stays as it is, as it does for the original.
std::string decode_once(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = i + 2 < text.size() && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
    out += low < 0 ? text[i] : static_cast<char>(high * 16 + low);
    if (low >= 0) i += 2;
  }
  return out;
}

// Line ends and the like are kept as "%0a", as the original does.
std::string with_escaped_controls(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7F) {
      out += '%' + to_hex(std::string_view(&c, 1));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string uri_of_root(std::string_view root) {
  if (root.starts_with('/') || root.find("://") != std::string_view::npos) return std::string(root);
  return std::string(kScheme) + "/" + std::string(root);
}

std::string root_of_uri(const std::string& uri) {
  if (!uri.starts_with(kScheme)) return uri;
  std::string_view rest = std::string_view(uri).substr(kScheme.size());
  if (rest.starts_with("//")) {  // mlflow-artifacts://host/path: the host is us
    const auto slash = rest.find('/', 2);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
  }
  while (rest.starts_with('/')) rest.remove_prefix(1);
  return std::string(rest);
}

Result<std::string> checked_root(std::string_view field, const std::string& uri) {
  const auto refuse = [&](const std::string& why) {
    return invalid("'" + std::string(field) + "' " + why);
  };
  SW_CHECK_OK(check_length(field, uri, 2'048));
  if (uri.find('#') != std::string::npos) return refuse("can't include a fragment");
  if (uri.starts_with("runs:")) return refuse("cannot be a runs:/ URI");
  if (uri.starts_with(kScheme)) {
    auto root = root_of_uri(uri);
    while (root.ends_with('/')) root.pop_back();
    SW_TRY(auto path, checked_path(root));
    if (path.empty()) return refuse("names no folder");
    return path;
  }
  const auto question = uri.find('?');
  const auto query = percent_decode(question == std::string::npos ? "" : uri.substr(question));
  if (!query || query->find("..") != std::string::npos) return refuse("has an invalid query");
  if (uri.find("://") != std::string::npos) return uri;
  if (uri.starts_with("file:")) return "file://" + uri.substr(5);
  // Of this machine; a relative one starts where the server was started.
  std::error_code failed;
  const auto path = std::filesystem::absolute(uri, failed).lexically_normal().string();
  return failed ? refuse("'" + cut(uri, 200) + "' is no path") : Result<std::string>(path);
}

Result<std::string> checked_path(std::string_view path) {
  std::string decoded(path);
  for (int i = 0;; ++i) {
    auto next = decode_once(decoded);
    if (next == decoded) break;
    if (i == 10) return bad_path(path);
    decoded = std::move(next);
  }
  if (decoded.find_first_of(std::string_view("\0#", 2)) != decoded.npos) return bad_path(path);
  decoded = with_escaped_controls(decoded);
  if (is_absolute(decoded) || equal_ignoring_case(decoded.substr(0, 5), "file:")) {
    return bad_path(path);
  }
  std::string out;
  for (const auto segment : split(decoded, '/')) {
    if (is_absolute(segment)) return bad_path(path);  // for a client on Windows; so is what goes up
    for (const auto part : split(segment, '\\')) {
      if (part == "..") return bad_path(path);
    }
    if (segment.empty() || segment == ".") continue;
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

}  // namespace slipway::wire::mlflow
