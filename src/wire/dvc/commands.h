// SPDX-License-Identifier: Apache-2.0
// DVC's verbs on DVC's own files: .dvc pointers, .dir manifests, the shared cache.
//
// Both tools can be used side by side in one repository: formats, cache layout and the writers'
// lock are DVC's. The functions print nothing; they answer what there is to say.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/data.h"

namespace slipway::wire::dvc {

// Outside of a repository every command but init is failed_precondition.
struct Common {
  std::string folder;       // where the command was called, absolute
  std::string user_config;  // the folder of the user's configuration files; empty: none
  // The value of an environment variable; may be empty, then there are none.
  std::function<std::optional<std::string>(const std::string& name)> environment;
  data::OnProgress on_progress;
};

struct InitOptions {
  bool no_scm = false;
  bool force = false;
};
Result<void> init(const Common& common, const InitOptions& options);

struct AddOptions {
  bool no_commit = false;  // pointer only, nothing goes into the cache
  bool force = false;      // replace what the cache does not hold
  std::string desc;
};
struct Added {
  std::vector<std::string> for_git;  // files that git should track now, relative to the folder
  bool staged = false;               // they were staged already (core.autostage)
};
Result<Added> add(const Common& common, const std::vector<std::string>& targets,
                  const AddOptions& options);

// By pointer file, by output: "modified", "deleted", "new" or "not in cache". Empty: up to date.
using Status = std::map<std::string, std::map<std::string, std::string>>;
Result<Status> status(const Common& common, const std::vector<std::string>& targets);

struct CheckoutOptions {
  bool force = false;  // remove files that the cache does not hold
  bool allow_missing = false;
  bool relink = false;  // also what is up to date becomes the kind of link that is set now
};
struct CheckedOut {
  std::vector<std::string> modified;  // relative to the folder, folders with a / behind them
  std::vector<std::string> added;
  std::vector<std::string> deleted;
  std::size_t files_modified = 0;
  std::size_t files_added = 0;
  std::size_t files_deleted = 0;
  std::vector<std::string> failed;   // whose objects are missing or corrupt
  std::vector<std::string> reasons;  // one for each of `failed`
};
Result<CheckedOut> checkout(const Common& common, const std::vector<std::string>& targets,
                            const CheckoutOptions& options);

// Files that are links into the cache become copies that may be changed.
Result<void> unprotect(const Common& common, const std::vector<std::string>& targets);

}  // namespace slipway::wire::dvc
