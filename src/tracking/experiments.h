// SPDX-License-Identifier: Apache-2.0
// Experiments: named questions that group runs.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tracking/types.h"

namespace slipway::store {
class Database;
}

namespace slipway::tracking {

class Experiments {
 public:
  Experiments(store::Database& db, Clock& clock) : db_(db), clock_(clock) {}

  // A name is taken as long as its experiment exists, also when that one is deleted. An empty
  // `artifact_root` means: a folder of ours, named like the id.
  Result<Experiment> create(const std::string& name, const std::string& artifact_root,
                            const std::vector<Tag>& tags);
  // Deleted ones too. An id that is no number is invalid_argument.
  Result<Experiment> get(const ExperimentId& id) const;
  Result<Experiment> by_name(const std::string& name) const;
  // Attributes: id, name, created, updated. Order: newest first when none is asked for.
  Result<Page<Experiment>> search(const Search& search) const;

  // Of an active experiment only: a deleted one is failed_precondition.
  Result<void> rename(const ExperimentId& id, const std::string& name);
  // Hides the experiment and its runs; deleting it again is not_found.
  Result<void> remove(const ExperimentId& id);
  // Brings back the experiment and all of its runs; one that is active is not_found.
  Result<void> restore(const ExperimentId& id);

  Result<void> set_tag(const ExperimentId& id, const Tag& tag);
  Result<void> remove_tag(const ExperimentId& id, const std::string& key);

 private:
  store::Database& db_;
  Clock& clock_;
};

}  // namespace slipway::tracking
