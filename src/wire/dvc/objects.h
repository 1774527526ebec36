// SPDX-License-Identifier: Apache-2.0
// Which objects the outputs of a repository need, in the work tree and in other commits.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "repository.h"
#include "wire/dvc/sync.h"

namespace slipway::wire::dvc {

// Ids, each with a path that it stands for.
using Objects = std::map<data::ObjectId, std::string>;

// An output that is wanted whole, or only what is under (or at) some paths inside it.
struct Wanted {
  Output out;
  std::string path;  // of the data, relative to the root
  std::vector<std::string> inside;

  bool takes(const std::string& entry) const;
};

// Whether a file tells of outputs: a pointer or a dvc.lock.
bool tells_outputs(std::string_view path);
// The outputs that such a file tells; `path` is its own, from the root.
Result<std::vector<Wanted>> outputs_of_file(std::string_view text, const std::string& path);

// What the targets (none: everything) name in the work tree, pointers and dvc.lock files, and what
// the commits that `options` names record. Outputs without content or outside the cache are left
// out, as are those that DVC 2 wrote.
Result<std::vector<Wanted>> wanted_outputs(Repository& repository, const std::string& folder,
                                           const std::vector<std::string>& targets,
                                           const SyncOptions& options);

// The objects of all that can be known: a folder whose manifest the cache lacks counts as the
// manifest only, and is named in `unknown` (may be null).
Result<Objects> objects_of(Repository& repository, const std::vector<Wanted>& wanted,
                           std::set<data::ObjectId>* unknown);

}  // namespace slipway::wire::dvc
