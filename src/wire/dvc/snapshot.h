// SPDX-License-Identifier: Apache-2.0
// What data a commit or the work tree holds: outputs, and the files inside of them.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "repository.h"

namespace slipway::wire::dvc {

struct Snapshot {
  // By path from the root, folders with a / behind them; the files of folders too.
  std::map<std::string, data::ObjectId> items;
  std::set<std::string> outputs;       // which of them pointers name
  std::set<std::string> not_in_cache;  // outputs that the cache lacks something of
};

// As the pointers of a commit say; `revision` is whatever git takes for one. Folders whose manifest
// the cache lacks are there without their files.
Result<Snapshot> snapshot_of_commit(Repository& repository, const std::string& revision);
// As the pointers of the work tree say.
Result<Snapshot> snapshot_of_pointers(Repository& repository);
// As the files are.
Result<Snapshot> snapshot_of_files(Repository& repository, const data::OnProgress& on_progress);

// What differs between two of them. Everything by path.
struct Difference {
  std::set<std::string> added;
  std::set<std::string> deleted;
  std::set<std::string> modified;
  std::map<std::string, std::string> renamed;  // files with the same content: old to new
  std::set<std::string> unchanged;
};
Difference compare(const Snapshot& before, const Snapshot& after);

}  // namespace slipway::wire::dvc
