// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "blob/files_below.h"

namespace slipway::drivers::mlflow {
namespace {

namespace fs = std::filesystem;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_run_id(std::string_view text) {
  return text.size() == 32 && is_hex(text);
}
bool is_model_id(std::string_view text) {
  return text.size() == 34 && text.starts_with("m-") && is_hex(text.substr(2));
}

std::string decoded(std::string_view text) {
  return percent_decode(text).value_or(std::string(text));
}

// ".../<id>/artifacts/<rest>": whose files they are, and what follows.
bool find_owner(const std::string& path, transfer::VersionRecord& version) {
  const auto parts = split(path, '/');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i + 1] != "artifacts") continue;
    const bool model = is_model_id(parts[i]);
    if (!model && !is_run_id(parts[i])) continue;
    (model ? version.files_model : version.files_run) = parts[i];
    const auto rest = static_cast<std::size_t>(parts[i + 1].data() - path.data()) + 9;
    version.location = rest < path.size() ? path.substr(rest + 1) : std::string();
    while (version.location.ends_with('/')) version.location.pop_back();
    return true;
  }
  return false;
}

}  // namespace

Place place_of(std::string_view uri, const std::string& base) {
  constexpr std::string_view kProxy = "/api/2.0/mlflow-artifacts/artifacts";
  if (uri.starts_with("file:")) {
    auto path = decoded(uri.substr(5));
    if (path.starts_with("//")) {
      const auto slash = path.find('/', 2);
      path = slash == std::string::npos ? "/" : path.substr(slash);
    }
    return {Place::Kind::folder, path};
  }
  if (uri.starts_with("mlflow-artifacts:")) {
    auto path = uri.substr(17);
    if (path.starts_with("//")) {
      const auto slash = path.find('/', 2);
      path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    }
    while (path.starts_with('/')) path.remove_prefix(1);
    return {Place::Kind::proxied, decoded(path)};
  }
  if (uri.starts_with("http://") || uri.starts_with("https://")) {
    if (const auto at = uri.find(kProxy); at != std::string_view::npos) {
      auto path = uri.substr(at + kProxy.size());
      while (path.starts_with('/')) path.remove_prefix(1);
      return {Place::Kind::proxied, decoded(path)};
    }
  }
  if (uri.find("://") != std::string_view::npos) return {Place::Kind::foreign, std::string(uri)};
  if (uri.empty()) return {Place::Kind::folder, ""};
  fs::path path{std::string(uri)};
  if (path.is_relative()) path = fs::path(base) / path;
  return {Place::Kind::folder, path.lexically_normal().string()};
}

std::string staying_uri(std::string_view uri, const std::string& base) {
  const auto place = place_of(uri, base);
  return place.kind == Place::Kind::foreign ? place.path : std::string();
}

std::string without_password(std::string url) {
  const auto scheme = url.find("://");
  const auto at = url.find('@');
  if (at != std::string::npos && scheme != std::string::npos && scheme < at) {
    url.erase(scheme + 3, at - scheme - 2);
  }
  return url;
}

void locate_files(transfer::VersionRecord& version, const std::string& storage) {
  const std::string& source = version.source;
  if (source.starts_with("models:/m-")) {
    version.logged_model_id = source.substr(8);
    version.files_model = version.logged_model_id;
    return;
  }
  if (source.starts_with("runs:/")) {
    const auto rest = source.substr(6);
    const auto slash = rest.find('/');
    version.files_run = rest.substr(0, slash);
    version.location = slash == std::string::npos ? std::string() : rest.substr(slash + 1);
    return;
  }
  if (find_owner(source, version)) return;
  if (!storage.empty() && find_owner(storage, version)) return;
  version.location = source.find("://") == std::string::npos ? std::string() : source;
}

Result<std::vector<transfer::SourceFile>> files_below(const std::string& folder) {
  SW_TRY(const auto found, blob::files_below(folder));
  std::vector<transfer::SourceFile> out;
  for (const auto& file : found) {
    out.push_back({file.path, file.size,
                   std::to_string(file.size) + "-" + std::to_string(file.modified_ms),
                   file.full_path});
  }
  return out;
}

Result<std::unique_ptr<blob::Reader>> open_file(const std::string& path) {
  return blob::open_file(path);
}

}  // namespace slipway::drivers::mlflow
