// SPDX-License-Identifier: Apache-2.0
// The cache against a remote: what is missing where, and moving it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/dvc/commands.h"

namespace slipway::wire::dvc {

struct SyncOptions {
  std::string remote;    // empty: the default one
  std::size_t jobs = 0;  // 0: as the remote or its kind says
  // Besides what the work tree's pointers record, what those of other commits do.
  bool all_branches = false;
  bool all_tags = false;
  bool all_commits = false;
};

struct Synced {
  std::size_t objects = 0;
  std::vector<std::string> missing;  // ids that neither the cache nor the remote holds
  std::vector<std::string> failed;   // sentences
};

Result<Synced> push(const Common& common, const std::vector<std::string>& targets,
                    const SyncOptions& options);
Result<Synced> fetch(const Common& common, const std::vector<std::string>& targets,
                     const SyncOptions& options);

// By path: "new" (not in the remote yet), "deleted" (in the remote only) or "missing" (in neither).
struct CloudStatus {
  std::string remote;
  std::map<std::string, std::string> words;
};
Result<CloudStatus> cloud_status(const Common& common, const std::vector<std::string>& targets,
                                 const SyncOptions& options);

struct CollectOptions {
  SyncOptions keep;    // what stays: the work tree's and what these name
  bool cloud = false;  // the remote too
  bool dry = false;
};
struct Collected {
  std::vector<std::string> cache;   // paths of what was (or would be) removed
  std::vector<std::string> remote;  // addresses
};
Result<Collected> collect(const Common& common, const CollectOptions& options);

struct Verified {
  std::size_t objects = 0;
  std::vector<std::string> corrupt;  // sentences
  std::vector<std::string> missing;
};
// Reads every object that the targets need and compares it with its name.
Result<Verified> verify(const Common& common, const std::vector<std::string>& targets);

}  // namespace slipway::wire::dvc
