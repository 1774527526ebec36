// SPDX-License-Identifier: Apache-2.0
// Runs: one attempt each, with params, metrics, tags, inputs and outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "domain/event.h"
#include "tracking/types.h"

namespace slipway::store {
class Database;
}

namespace slipway::tracking {

class MetricKeys;

class Runs {
 public:
  Runs(store::Database& db, EventSink& events, Clock& clock, Ids& ids);
  ~Runs();

  // A run of an unknown experiment is not_found, of a deleted one failed_precondition.
  Result<Run> start(const NewRun& run);
  // Publishes run.finished when the status becomes finished, failed or killed.
  Result<Run> change(const RunId& id, const RunChange& change);
  // Deleted ones too.
  Result<Run> get(const RunId& id) const;
  // Attributes: id, name, status, user, artifact_root, started, ended, experiment; metric (its
  // latest value), param, tag, dataset (name, digest, context). A run without the key never
  // matches, except is_null. Order: newest first, then by id; runs that lack the key come last in
  // both directions, NaN just before them.
  Result<Page<Run>> search(const Search& search) const;
  // What the newest `runs` active runs of an experiment report.
  Result<RunKeys> keys(const ExperimentId& experiment, std::size_t runs) const;
  // Hides the run until it is restored; both may be repeated.
  Result<void> remove(const RunId& id);
  Result<void> restore(const RunId& id);

  // Params are write-once: a second, different value is invalid_argument and nothing of the batch
  // is kept. A finished run still accepts reports (clients flush late); a deleted one is
  // failed_precondition.
  Result<void> log(const RunId& id, const Batch& batch);
  // `start` and `log` for a caller that does not wait for the disk: `done` is called once, from any
  // thread (at once for what is refused unread), and must not block.
  template <class T>
  using Done = std::function<void(Result<T>)>;
  void start_later(const NewRun& run, Done<Run> done);
  void log_later(const RunId& id, Batch batch, Done<void> done);
  // Sets a tag to what `next` makes of its present value (nothing: unset), in one transaction.
  using NextValue = std::function<Result<std::string>(const std::optional<std::string>&)>;
  Result<void> edit_tag(const RunId& id, const std::string& key, const NextValue& next);
  Result<void> remove_tag(const RunId& id, const std::string& key);
  // Datasets that the run has already are left as they are.
  Result<void> add_inputs(const RunId& id, const std::vector<DatasetInput>& datasets,
                          const std::vector<LoggedModelId>& models);
  Result<void> add_outputs(const RunId& id, const std::vector<ModelOutput>& models);

  // Every observation of one metric, by time, step and value; empty for an unknown run or key.
  // A size of 0 means all of it; pages take memory for themselves only, however long the history.
  Result<Page<Point>> history(const RunId& id, const std::string& key,
                              const PageRequest& page) const;
  struct Steps {
    std::int64_t first = 0;
    std::int64_t last = 0;
  };
  // At most `points` (at least 1) of them, spread evenly over the observations in order of step and
  // time, always with the last and, for more than one, the first.
  Result<std::vector<Point>> sampled(const RunId& id, const std::string& key, std::size_t points,
                                     const std::optional<Steps>& steps) const;

  // What the runs of these experiments read, each combination once (at most 1,000).
  Result<std::vector<DatasetSummary>> datasets(const std::vector<ExperimentId>& experiments) const;

 private:
  Result<Run> draft(const NewRun& run) const;
  // `done`, and this room is not left before it was called.
  template <class T>
  Done<T> counted(Done<T> done);

  store::Database& db_;
  EventSink& events_;
  Clock& clock_;
  Ids& ids_;
  std::unique_ptr<MetricKeys> keys_;
  struct InFlight;
  std::unique_ptr<InFlight> in_flight_;
  struct Joint;
  std::unique_ptr<Joint> joint_;  // with a server of its own: what comes at once is stored at once
};

}  // namespace slipway::tracking
