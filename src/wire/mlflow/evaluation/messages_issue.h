// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct IssueOut {
  std::string issue_id;
  std::string experiment_id;
  std::string name;
  std::string description;
  std::string status;
  std::optional<std::string> severity;
  std::vector<std::string> root_causes;
  std::optional<std::string> source_run_id;
  std::int64_t created_timestamp = 0;
  std::int64_t last_updated_timestamp = 0;
  std::optional<std::string> created_by;
  std::vector<std::string> categories;
  std::optional<std::int64_t> trace_count;
};
BOOST_DESCRIBE_STRUCT(IssueOut, (),
                      (issue_id, experiment_id, name, description, status, severity, root_causes,
                       source_run_id, created_timestamp, last_updated_timestamp, created_by,
                       categories, trace_count))

// To be made or changed; what is absent is empty.
struct IssueIn {
  std::string issue_id;
  std::string experiment_id;
  std::string name;
  std::string description;
  std::optional<std::string> status;
  std::optional<std::string> severity;
  std::vector<std::string> root_causes;
  std::string source_run_id;
  std::string created_by;
  std::vector<std::string> categories;
};
BOOST_DESCRIBE_STRUCT(IssueIn, (),
                      (issue_id, experiment_id, name, description, status, severity, root_causes,
                       source_run_id, created_by, categories))

struct IssueAnswer {
  IssueOut issue;
};
BOOST_DESCRIBE_STRUCT(IssueAnswer, (), (issue))

struct SearchIssues {
  std::string experiment_id;
  std::string filter_string;
  std::optional<std::int64_t> max_results;
  std::string page_token;
  bool include_trace_count = false;
};
BOOST_DESCRIBE_STRUCT(SearchIssues, (),
                      (experiment_id, filter_string, max_results, page_token, include_trace_count))

struct IssuePage {
  std::vector<IssueOut> issues;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(IssuePage, (), (issues, next_page_token))

}  // namespace slipway::wire::mlflow
