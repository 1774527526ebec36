// SPDX-License-Identifier: Apache-2.0
// What changed: between commits, and between a commit, the pointers and the files.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/dvc/commands.h"

namespace slipway::wire::dvc {

// Paths are shown from the folder of the call, folders with a / behind them; hashes as pointers
// have them.
struct Changes {
  std::map<std::string, std::string> added;                             // path to hash
  std::map<std::string, std::string> deleted;                           // path to hash
  std::map<std::string, std::pair<std::string, std::string>> modified;  // path to both hashes
  struct Renamed {
    std::string from;
    std::string to;
    std::string hash;
  };
  std::vector<Renamed> renamed;
  std::map<std::string, std::string> not_in_cache;  // path to hash
  std::set<std::string> unchanged;

  bool empty() const {
    return added.empty() && deleted.empty() && modified.empty() && renamed.empty();
  }
};

struct DiffOptions {
  std::string from = "HEAD";
  std::optional<std::string> to;  // nothing: the work tree
  std::vector<std::string> targets;
};
Result<Changes> diff(const Common& common, const DiffOptions& options);

struct DataStatusOptions {
  bool granular = false;  // the files of folders too
  bool not_in_remote = false;
  std::string remote;
  std::vector<std::string> targets;
};
struct DataStatus {
  Changes committed;    // from HEAD to the pointers
  Changes uncommitted;  // from the pointers to the files
  std::set<std::string> not_in_cache;
  std::set<std::string> not_in_remote;
  std::set<std::string> untracked;  // by git, and no data
  std::set<std::string> unchanged;
  bool git_is_empty = false;  // no commit yet
  bool git_is_dirty = false;
};
Result<DataStatus> data_status(const Common& common, const DataStatusOptions& options);

}  // namespace slipway::wire::dvc
