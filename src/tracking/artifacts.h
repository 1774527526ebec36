// SPDX-License-Identifier: Apache-2.0
// Artifacts: the files of runs and logged models, by artifact root and relative path.
//
// A root without a scheme is a folder of ours: "0/<run>/artifacts" is kept in the blob store under
// "artifacts/0/<run>/artifacts". A root with one ("s3://..") is somebody else's, which we name but
// do not read: unimplemented.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/blob.h"

namespace slipway::tracking {

// The address below `root`: `path` ("/..") comes before the query and the fragment of a root that
// is a URL with one.
std::string beneath(std::string_view root, std::string_view path);

// Thread-safe. Paths are checked by the blob store: nothing leaves the root.
class Artifacts {
 public:
  explicit Artifacts(blob::BlobStore& blobs) : blobs_(blobs) {}

  // The blob key of `path` ("" is the root itself).
  static Result<std::string> key_of(std::string_view root, std::string_view path);

  // The direct children, folders too, by name; Stat::key is relative to `path`.
  Result<std::vector<blob::Stat>> list(std::string_view root, std::string_view path);
  Result<std::optional<blob::Stat>> stat(std::string_view root, std::string_view path);
  Result<std::unique_ptr<blob::Reader>> open(std::string_view root, std::string_view path,
                                             std::uint64_t offset = 0,
                                             std::optional<std::uint64_t> length = {});
  Result<std::unique_ptr<blob::Writer>> put(std::string_view root, std::string_view path);
  Result<void> remove(std::string_view root, std::string_view path);

 private:
  blob::BlobStore& blobs_;
};

}  // namespace slipway::tracking
