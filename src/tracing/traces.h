// SPDX-License-Identifier: Apache-2.0
// Traces: what was asked and answered, how long it took, and everything that hangs on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "tracing/types.h"

namespace slipway::store {
class Database;
}
namespace slipway::tracking {
class Tracking;
}

namespace slipway::tracing {

class Traces {
 public:
  Traces(store::Database& db, tracking::Tracking& tracking, Ids& ids)
      : db_(db), tracking_(tracking), ids_(ids) {}

  // Reports a trace. Where spans of it, or an earlier report, are there already, this one wins:
  // tags, metadata and assessments are added, texts and counts that it lacks stay. An empty id gets
  // a new one and must not be told. A deleted experiment is failed_precondition.
  Result<Trace> report(const Trace& trace);
  struct Ending {
    Timestamp ended;
    TraceState state = TraceState::unspecified;
    std::optional<std::string> name;
    std::optional<std::string> session;
    Usage usage;
    Cost cost;
    std::vector<Tag> tags;
    std::vector<Tag> metadata;
  };
  Result<Trace> end(const TraceId& id, const Ending& ending);

  Result<Trace> get(const TraceId& id) const;
  // Those that exist, in the order asked for, each once; only of these experiments if any are
  // given.
  Result<std::vector<Trace>> get_all(
      const std::vector<TraceId>& ids,
      const std::optional<std::vector<ExperimentId>>& experiments) const;

  // Attributes: id, requested, duration, ended, state, client_id, name, session, experiment, place
  // ("here" where its spans are kept); tag;
  // metadata; usage and cost ("total", ..); link (run, prompt: only eq); feedback and expectation
  // (by name); issue (only eq); span (name, type, status, body): the comparisons of one all_of must
  // hold for the same span. Order: newest first, then by id.
  Result<Page<Trace>> search(const Search& search) const;
  // How many traces of these experiments match `base`, and of those `first`, `second` and both.
  Result<Overlap> overlap(const std::vector<ExperimentId>& experiments, const Filter& base,
                          const Filter& first, const Filter& second) const;

  Result<void> set_tag(const TraceId& id, const Tag& tag);
  // A tag that is not there is not_found.
  Result<void> remove_tag(const TraceId& id, const std::string& key);
  Result<void> set_name(const TraceId& id, const std::optional<std::string>& name);

  struct Removal {
    ExperimentId experiment;
    std::optional<std::int64_t> up_to_ms;  // requested then or before
    std::optional<std::int64_t> most;      // the oldest so many
    std::vector<TraceId> ids;              // only among these, unless empty
  };
  // How many were removed, with all that hangs on them.
  Result<std::int64_t> remove(const Removal& removal);

  // Traces that do not exist are passed over; a run must exist.
  Result<void> link_to_run(const std::vector<TraceId>& ids, const RunId& run);
  Result<void> link_prompts(const TraceId& id, const std::vector<std::string>& prompts);

 private:
  store::Database& db_;
  tracking::Tracking& tracking_;
  Ids& ids_;
};

}  // namespace slipway::tracing
