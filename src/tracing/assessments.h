// SPDX-License-Identifier: Apache-2.0
// Assessments: feedback on traces, and what was expected of them.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "tracing/types.h"

namespace slipway::store {
class Database;
}

namespace slipway::tracing {

class Assessments {
 public:
  Assessments(store::Database& db, Clock& clock, Ids& ids) : db_(db), clock_(clock), ids_(ids) {}

  // Gives it an id if it has none. The one that it overrides must exist and is no longer valid.
  Result<Assessment> create(Assessment assessment);
  Result<Assessment> get(const TraceId& trace, const AssessmentId& id) const;
  // Changes what `change` changes, in one transaction; id, trace, kind and source stay.
  using Change = std::function<Result<void>(Assessment&)>;
  Result<Assessment> update(const TraceId& trace, const AssessmentId& id, const Change& change);
  // How many traces refer to each issue, by its id; those without any are left out.
  Result<std::map<std::string, std::int64_t>> traces_by_issue() const;
  // May be repeated. The one that it overrode is valid again.
  Result<void> remove(const TraceId& trace, const AssessmentId& id);

 private:
  store::Database& db_;
  Clock& clock_;
  Ids& ids_;
};

}  // namespace slipway::tracing
