// SPDX-License-Identifier: Apache-2.0
// Has this step run already, with the same command, parameters, environment and inputs? Then its
// outputs are taken as they are, or put back where they are missing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "blob/blob.h"

namespace slipway::pipeline {

// Everything that decides what a step does.
struct CacheParts {
  std::string command;
  std::string params;                                       // JSON
  std::string item;                                         // JSON; empty outside a foreach
  std::vector<std::pair<std::string, std::string>> env;     // what the pipeline file says
  std::vector<std::pair<std::string, std::string>> inputs;  // path, content hash
  std::vector<std::string> outputs;
};

std::string cache_key(const CacheParts& parts);

// Content hashes of files and folders. Remembers those of files that did not change since. Not
// thread-safe.
class ContentHashes {
 public:
  Result<std::string> of(const std::string& path);

 private:
  struct Known {
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::uint64_t inode = 0;
    std::string hash;
  };
  Result<std::string> of_file(const std::string& path);
  Result<std::string> of_folder(const std::string& path, int depth);

  std::map<std::string, Known> known_;
};

// Keeps the content of the outputs (when there is a store) and answers what to remember: JSON.
Result<std::string> keep_outputs(const std::string& folder, const std::vector<std::string>& outputs,
                                 ContentHashes& hashes, blob::BlobStore* blobs);
// True when all outputs are there as remembered, or were put back.
bool restore_outputs(const std::string& folder, const std::string& remembered,
                     ContentHashes& hashes, blob::BlobStore* blobs);

// What is remembered of a step that ran: outputs, what it handed to later steps. JSON all of them.
struct Kept {
  std::string outputs;
  std::string result;     // empty: none
  std::string artifacts;  // empty: none
};
std::string kept_text(const Kept& kept);
// When all outputs are there as remembered, or were put back.
std::optional<Kept> restore_kept(const std::string& folder, const std::string& remembered,
                                 ContentHashes& hashes, blob::BlobStore* blobs);

// Keeps files and folders by their content, under names; answers what to remember: JSON.
Result<std::string> keep_artifacts(
    const std::string& folder, const std::vector<std::pair<std::string, std::string>>& artifacts,
    ContentHashes& hashes, blob::BlobStore* blobs);
// The path of a file or folder below `root` that holds what was remembered under `name`. The same
// content has the same path, whoever made it.
Result<std::string> place_artifact(const std::string& root, const std::string& remembered,
                                   std::string_view name, blob::BlobStore* blobs);

// `path` as seen from `folder`.
std::string path_in(const std::string& folder, const std::string& path);

}  // namespace slipway::pipeline
