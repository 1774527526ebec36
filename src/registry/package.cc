// SPDX-License-Identifier: Apache-2.0
// A version's files as a local folder.
#include <algorithm>

#include "base/text.h"
#include "blob/blob.h"
#include "environment.h"
#include "impl.h"
#include "mlmodel.h"
#include "rows.h"
#include "tracking/artifacts.h"

namespace slipway::registry {
namespace {

constexpr std::size_t kFileLimit = 10'000;
constexpr int kDepthLimit = 16;

// Makes every file below `key` local and collects their paths relative to the folder.
Result<void> make_local(blob::BlobStore& blobs, const std::string& key, const std::string& prefix,
                        int depth, std::vector<std::string>& files) {
  if (depth > kDepthLimit) return invalid("the model folder is nested too deeply");
  SW_TRY(const auto children, blobs.list(key));
  for (const auto& child : children) {
    const auto path = prefix.empty() ? child.key : prefix + "/" + child.key;
    if (child.folder) {
      SW_CHECK_OK(make_local(blobs, key + "/" + child.key, path, depth + 1, files));
      continue;
    }
    if (files.size() >= kFileLimit) return invalid("the model folder has more than 10,000 files");
    SW_CHECK_OK(blobs.local_path(key + "/" + child.key));
    files.push_back(path);
  }
  return {};
}

bool is_clean(const std::string& path) {
  const auto parts = split(path, '/');
  return std::none_of(parts.begin(), parts.end(),
                      [](auto part) { return part.empty() || part == "." || part == ".."; });
}

// Which of the files is the ONNX graph: what the flavour says, or the only one there is.
Result<std::string> find_onnx(const Package& package, const std::vector<std::string>& files) {
  if (const auto* flavor = package.facts.flavor("onnx")) {
    const auto data = flavor->values.find("data");
    const std::string path = data == flavor->values.end() ? "model.onnx" : data->second;
    if (!is_clean(path) || std::find(files.begin(), files.end(), path) == files.end()) {
      return precondition("the MLmodel file names '" + path +
                              "' as the ONNX graph, but the version has no such file",
                          "log the model again and register the new version");
    }
    return path;
  }
  std::string only;
  for (const auto& file : files) {
    if (!file.ends_with(".onnx")) continue;
    if (!only.empty()) return std::string();
    only = file;
  }
  return only;
}

}  // namespace

Result<Package> Registry::package(const VersionRef& ref) const {
  SW_TRY(const auto wanted, version(ref));
  SW_TRY(const auto location, impl_->location_of(wanted));
  SW_TRY(const auto key, tracking::Artifacts::key_of(location, ""));
  Package out{.ref = ref};
  std::vector<std::string> files;
  SW_CHECK_OK(make_local(impl_->blobs, key, "", 0, files));
  if (files.empty()) {
    return precondition("version " + std::to_string(ref.version) + " of model '" + ref.model +
                            "' has no files under '" + location + "'",
                        "was the upload cut short? log the model again and register it");
  }
  SW_TRY(out.folder, impl_->blobs.local_path(key));
  if (std::find(files.begin(), files.end(), "MLmodel") != files.end()) {
    SW_TRY(const auto yaml, impl_->blobs.get_all(key + "/MLmodel", std::size_t{2} << 20));
    SW_TRY(out.facts, parse_model_file(yaml));
    out.environment = read_environment(impl_->blobs, key);
  }
  SW_TRY(const auto graph, find_onnx(out, files));
  if (!graph.empty()) out.onnx_file = out.folder + "/" + graph;
  return out;
}

}  // namespace slipway::registry
