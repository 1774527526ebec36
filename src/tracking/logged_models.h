// SPDX-License-Identifier: Apache-2.0
// Logged models: what runs wrote as models, with the params and metrics that belong to each.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "tracking/types.h"

namespace slipway::store {
class Database;
}

namespace slipway::tracking {

class LoggedModels {
 public:
  LoggedModels(store::Database& db, Clock& clock, Ids& ids) : db_(db), clock_(clock), ids_(ids) {}

  Result<LoggedModel> create(const NewLoggedModel& model);
  // A deleted one is not_found unless asked for.
  Result<LoggedModel> get(const LoggedModelId& id, bool deleted_too = false) const;
  // Attributes: id, name, type, status, source_run, artifact_root, created, updated; metric (any
  // observation, on one of Search::datasets when given), param, tag. Order: newest first.
  Result<Page<LoggedModel>> search(const Search& search) const;
  Result<LoggedModel> finalize(const LoggedModelId& id, ModelStatus status);
  Result<void> remove(const LoggedModelId& id);

  // Params are write-once, like a run's.
  Result<void> add_params(const LoggedModelId& id, const std::vector<Param>& params);
  Result<void> set_tags(const LoggedModelId& id, const std::vector<Tag>& tags);
  Result<void> remove_tag(const LoggedModelId& id, const std::string& key);

 private:
  store::Database& db_;
  Clock& clock_;
  Ids& ids_;
};

}  // namespace slipway::tracking
