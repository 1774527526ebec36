// SPDX-License-Identifier: Apache-2.0
// Issues that an evaluation found in an experiment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/filter.h"
#include "domain/types.h"

namespace slipway::evaluation {

struct Parts;

struct Issue {
  std::string id;  // "iss-" and 32 hex characters
  std::string experiment;
  std::string name;
  std::string description;
  std::string status = "pending";       // pending, rejected, resolved
  std::optional<std::string> severity;  // not_an_issue, low, medium, high
  std::vector<std::string> root_causes;
  std::vector<std::string> categories;
  std::optional<std::string> source_run;
  std::optional<std::string> created_by;
  Timestamp created;
  Timestamp updated;
};

struct IssueChange {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> status;
  std::optional<std::string> severity;
};

struct IssueSearch {
  std::optional<std::string> experiment;
  Filter filter;  // attributes status and source_run_id, equal or not
  PageRequest page;
  // Of those that are equally severe, the greater count comes first; by issue, absent is 0.
  std::map<std::string, std::int64_t> counts;
};

class Issues {
 public:
  explicit Issues(const Parts& parts) : parts_(parts) {}

  Result<Issue> create(Issue issue);
  Result<Issue> get(const std::string& id) const;
  Result<Issue> change(const std::string& id, const IssueChange& change);
  // The most severe first, then the newest.
  Result<Page<Issue>> search(const IssueSearch& search) const;

 private:
  const Parts& parts_;
};

}  // namespace slipway::evaluation
