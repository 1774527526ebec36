// SPDX-License-Identifier: Apache-2.0
#include "source.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::registry {
namespace {

constexpr std::string_view kProxyPath = "/api/2.0/mlflow-artifacts/artifacts/";

Error bad_source(std::string_view uri, std::string_view why) {
  return invalid("invalid model version source: '" + std::string(uri) + "': " + std::string(why),
                 "give runs:/RUN_ID/PATH, models:/MODEL_ID or mlflow-artifacts:/PATH");
}

// Percent-decoding may be nested; what it hides at any depth counts.
Result<std::string> fully_decoded(std::string_view uri) {
  std::string text(uri);
  for (int depth = 0; depth < 8; ++depth) {
    auto next = percent_decode(text);
    if (!next) return text;  // a bare % is an ordinary character
    if (*next == text) return text;
    text = *std::move(next);
  }
  return bad_source(uri, "it is encoded too many times");
}

bool has_relative_parts(std::string_view path) {
  const auto parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(),
                     [](std::string_view part) { return part == ".." || part == "."; });
}

std::string_view without_slashes(std::string_view path) {
  while (!path.empty() && path.front() == '/') path.remove_prefix(1);
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  return path;
}

Result<Source> parse_models_uri(std::string_view uri, std::string_view rest) {
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    if (at == 0 || at + 1 == rest.size()) return bad_source(uri, "a name or alias is missing");
    return Source{.kind = Source::Kind::version,
                  .id = std::string(rest.substr(0, at)),
                  .alias = std::string(rest.substr(at + 1))};
  }
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) {
    if (rest.empty()) return bad_source(uri, "it names no model");
    return Source{.kind = Source::Kind::logged_model, .id = std::string(rest)};
  }
  Source source{.kind = Source::Kind::version, .id = std::string(rest.substr(0, slash))};
  const auto version = rest.substr(slash + 1);
  if (const auto number = parse_int(version); number && *number > 0) {
    source.version = *number;
  } else if (!equal_ignoring_case(version, "latest")) {
    return bad_source(uri, "after the model's name comes a version number, 'latest' or @ALIAS");
  }
  return source;
}

}  // namespace

Result<Source> parse_source(std::string_view uri) {
  SW_TRY(const auto decoded, fully_decoded(uri));
  if (uri.empty() || decoded.find('\0') != std::string::npos) {
    return bad_source(uri, "it is empty or holds a NUL");
  }
  if (has_relative_parts(decoded)) return bad_source(uri, "it has relative path segments");
  const auto colon = uri.find(':');
  const auto scheme = to_lower(colon == std::string_view::npos ? "" : uri.substr(0, colon));
  if (scheme.empty() || scheme == "file" || scheme.find('/') != std::string::npos) {
    return bad_source(uri, "a local path is no model version source on this server");
  }
  auto rest = uri.substr(colon + 1);
  const bool has_host = rest.substr(0, 2) == "//" && rest.substr(0, 3) != "///";
  if (scheme == "runs" || scheme == "models") {
    if (has_host) return bad_source(uri, "the part after the scheme must not name a host");
    while (!rest.empty() && rest.front() == '/') rest.remove_prefix(1);
    if (scheme == "models") return parse_models_uri(uri, rest);
    rest = without_slashes(rest);
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos || slash == 0) {
      return bad_source(uri, "it must have the form runs:/RUN_ID/PATH");
    }
    return Source{.kind = Source::Kind::run,
                  .id = std::string(rest.substr(0, slash)),
                  .path = std::string(rest.substr(slash + 1))};
  }
  if (scheme == "mlflow-artifacts") {
    if (has_host) {
      const auto slash = rest.find('/', 2);
      rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    }
    rest = without_slashes(rest);
    if (rest.empty()) return bad_source(uri, "it names no folder");
    return Source{.kind = Source::Kind::artifact, .path = std::string(rest)};
  }
  if (const auto proxy = uri.find(kProxyPath);
      (scheme == "http" || scheme == "https") && proxy != std::string_view::npos) {
    return Source{.kind = Source::Kind::artifact,
                  .path = std::string(without_slashes(uri.substr(proxy + kProxyPath.size())))};
  }
  return Source{.kind = Source::Kind::foreign, .path = std::string(uri)};
}

bool is_within(std::string_view path, std::string_view root) {
  path = without_slashes(path);
  root = without_slashes(root);
  return !root.empty() && path.substr(0, root.size()) == root &&
         (path.size() == root.size() || path[root.size()] == '/');
}

}  // namespace slipway::registry
