// SPDX-License-Identifier: Apache-2.0
#include "environment.h"

#include "base/text.h"
#include "yaml/yaml.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kFileLimit = 256 << 10;
constexpr std::size_t kLineLimit = 2'000;

std::string file_of(blob::BlobStore& blobs, const std::string& path) {
  const auto found = blobs.stat(path);
  if (!found || !*found || (*found)->folder || (*found)->size > kFileLimit) return {};
  auto text = blobs.get_all(path, kFileLimit);
  return text ? *std::move(text) : std::string();
}

// python_env.yaml has `python: 3.11.2`; conda.yaml a dependency `python=3.11.2`.
std::string python_of(const std::string& virtual_env, const std::string& conda) {
  if (!virtual_env.empty()) {
    if (const auto root = yaml::parse(virtual_env, "python_env.yaml"); root) {
      const auto* python = (*root)->find("python");
      if (python != nullptr && python->is_scalar()) return python->text;
    }
  }
  if (conda.empty()) return {};
  const auto root = yaml::parse(conda, "conda.yaml");
  if (!root) return {};
  const auto* list = (*root)->find("dependencies");
  if (list == nullptr) return {};
  for (const auto& item : list->items) {
    if (item->is_scalar() && item->text.starts_with("python=")) {
      const auto at = item->text.find_first_not_of('=', 6);
      return at == std::string::npos ? std::string() : item->text.substr(at);
    }
  }
  return {};
}

}  // namespace

Environment read_environment(blob::BlobStore& blobs, const std::string& key) {
  Environment out;
  out.conda = file_of(blobs, key + "/conda.yaml");
  out.python = python_of(file_of(blobs, key + "/python_env.yaml"), out.conda);
  const auto requirements = file_of(blobs, key + "/requirements.txt");
  for (auto line : split(requirements, '\n')) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || out.requirements.size() >= kLineLimit) continue;
    out.requirements.emplace_back(line);
  }
  return out;
}

}  // namespace slipway::registry
