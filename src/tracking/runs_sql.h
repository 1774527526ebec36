// SPDX-License-Identifier: Apache-2.0
// Rows of runs, with what hangs on them loaded in a fixed number of queries a page.
#pragma once

#include <string>
#include <vector>

#include "chunks_sql.h"
#include "metric_keys.h"
#include "rows.h"
#include "store/database.h"
#include "tracking/types.h"

namespace slipway::tracking {

struct FoundRun {
  std::int64_t key = 0;
  Run run;
};

inline constexpr const char* kRunColumns =
    "r.id, r.uuid, r.experiment, r.name, r.user_name, r.status, r.started, r.ended,"
    " r.artifact_root, r.state";
FoundRun run_from_row(const store::Row& row);

// Latest metrics, params, tags, inputs and outputs of all of them.
Result<void> load_data(store::Connection& db, std::vector<FoundRun>& runs,
                       const WantedKeys& wanted = {});
// The names of what these runs report, each once and in order.
Result<RunKeys> keys_of(store::Connection& db, const std::vector<FoundRun>& runs);
Result<Run> load_run(store::Connection& db, const RunId& id);

// Stores metrics (history and latest values) of one run.
Result<void> insert_metrics(store::Connection& db, const RunKey& run, const RunId& id,
                            const std::vector<Metric>& metrics, MetricKeys& keys,
                            MetricKeys::Learned& learned);
// Stores what was measured of logged models.
Result<void> insert_model_metrics(store::Connection& db,
                                  const std::vector<LoggedModel::Measured>& measured);

// Write-once: a second, different value is invalid_argument.
Result<void> insert_params(store::Connection& db, std::int64_t run,
                           const std::vector<Param>& params);
// A dataset that the run has already is left as it is.
Result<void> insert_input(store::Connection& db, const RunKey& run, const DatasetInput& input);
enum class LinkRole : std::int64_t { input = 0, output = 1 };
Result<void> insert_model_link(store::Connection& db, const RunKey& run, LinkRole role,
                               const ModelOutput& model);

}  // namespace slipway::tracking
