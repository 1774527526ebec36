// SPDX-License-Identifier: Apache-2.0
// MLflow REST, scorers and issues.
#include "base/text.h"
#include "domain/clauses.h"
#include "endpoint.h"
#include "evaluation/evaluation.h"
#include "evaluation/messages_evaluation.h"
#include "evaluation/messages_issue.h"
#include "tracing/tracing.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using evaluation::Evaluation;
using evaluation::Issue;
using evaluation::Scorer;
using net::Request;

constexpr std::int64_t kIssuesPage = 100;
constexpr std::int64_t kPageLimit = 50'000;

ScorerMessage to_wire(const Scorer& scorer) {
  return {.experiment_id = parse_int(scorer.experiment).value_or(0),
          .scorer_name = scorer.name,
          .scorer_version = scorer.version,
          .serialized_scorer = scorer.serialized,
          .creation_time = scorer.created.ms,
          .scorer_id = scorer.id};
}

ScorerList to_wire(const std::vector<Scorer>& scorers) {
  ScorerList out;
  for (const auto& scorer : scorers) out.scorers.push_back(to_wire(scorer));
  return out;
}

Result<RegisteredScorer> register_scorer(Evaluation& evaluation, const RegisterScorer& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (in.name.empty()) return missing("name");
  if (in.serialized_scorer.empty()) return missing("serialized_scorer");
  SW_TRY(const auto made,
         evaluation.scorers().add(in.experiment_id, in.name, in.serialized_scorer));
  return RegisteredScorer{.version = made.version,
                          .scorer_id = made.id,
                          .experiment_id = made.experiment,
                          .name = made.name,
                          .serialized_scorer = made.serialized,
                          .creation_time = made.created.ms};
}

Result<ScorerList> list(Evaluation& evaluation, const ScorerWanted& in) {
  if (!in.experiment_id.empty() && !in.experiment_ids.empty()) {
    return invalid("both 'experiment_id' and 'experiment_ids' are given", "give one of them");
  }
  if (!in.experiment_id.empty()) {
    SW_TRY(const auto found, evaluation.scorers().list(in.experiment_id));
    return to_wire(found);
  }
  for (const auto& id : in.experiment_ids) {
    if (!parse_int(id)) return invalid("invalid experiment ID '" + id + "'");
  }
  if (in.experiment_ids.size() > 1'000) return invalid("more than 1000 experiments");
  SW_TRY(const auto found, evaluation.scorers().list_of(in.experiment_ids));
  return to_wire(found);
}

Result<void> check(const ScorerWanted& in) {
  if (in.experiment_id.empty()) return missing("experiment_id");
  if (in.name.empty()) return missing("name");
  return {};
}

Result<ScorerList> versions(Evaluation& evaluation, const ScorerWanted& in) {
  SW_CHECK_OK(check(in));
  SW_TRY(const auto found, evaluation.scorers().versions(in.experiment_id, in.name));
  return to_wire(found);
}

Result<ScorerAnswer> get(Evaluation& evaluation, const ScorerWanted& in) {
  SW_CHECK_OK(check(in));
  SW_TRY(const auto found, evaluation.scorers().get(in.experiment_id, in.name, in.version));
  return ScorerAnswer{to_wire(found)};
}

Result<Empty> remove(Evaluation& evaluation, const ScorerWanted& in) {
  SW_CHECK_OK(check(in));
  SW_CHECK_OK(evaluation.scorers().remove(in.experiment_id, in.name, in.version));
  return Empty{};
}

// Nothing scores by itself here, so no scorer has a configuration for it.
Result<net::Response> online_configs(Evaluation&, const ScorerIds& in) {
  if (in.scorer_ids.empty()) return missing("scorer_ids");
  return answer_with(R"({"configs":[]})");
}

std::optional<std::string> optional_text(const std::string& text) {
  return text.empty() ? std::optional<std::string>() : std::optional(text);
}

IssueOut to_wire(const Issue& issue) {
  return {.issue_id = issue.id,
          .experiment_id = issue.experiment,
          .name = issue.name,
          .description = issue.description,
          .status = issue.status,
          .severity = issue.severity,
          .root_causes = issue.root_causes,
          .source_run_id = issue.source_run,
          .created_timestamp = issue.created.ms,
          .last_updated_timestamp = issue.updated.ms,
          .created_by = issue.created_by,
          .categories = issue.categories};
}

Result<IssueAnswer> create_issue(Evaluation& evaluation, const IssueIn& in) {
  if (in.name.empty()) return missing("name");
  if (in.description.empty()) return missing("description");
  if (in.experiment_id.empty()) return missing("experiment_id");
  SW_TRY(const auto made, evaluation.issues().create({.experiment = in.experiment_id,
                                                      .name = in.name,
                                                      .description = in.description,
                                                      .status = in.status.value_or("pending"),
                                                      .severity = in.severity,
                                                      .root_causes = in.root_causes,
                                                      .categories = in.categories,
                                                      .source_run = optional_text(in.source_run_id),
                                                      .created_by = optional_text(in.created_by)}));
  return IssueAnswer{to_wire(made)};
}

Result<IssueAnswer> update_issue(Evaluation& evaluation, const IssueIn& in,
                                 const Request& request) {
  if (in.issue_id.empty()) return missing("issue_id");
  SW_TRY(const auto changed,
         evaluation.issues().change(request.param("issue_id"),
                                    {.name = optional_text(in.name),
                                     .description = optional_text(in.description),
                                     .status = in.status,
                                     .severity = in.severity}));
  return IssueAnswer{to_wire(changed)};
}

Result<IssueAnswer> get_issue(Evaluation& evaluation, const Empty&, const Request& request) {
  SW_TRY(const auto found, evaluation.issues().get(request.param("issue_id")));
  return IssueAnswer{to_wire(found)};
}

Result<Filter> issue_leaf(Clause clause) {
  const bool known = clause.key == "status" || clause.key == "source_run_id";
  if (!clause.entity.empty() || !known) return invalid("invalid filter key '" + clause.key + "'");
  if (clause.op != Filter::Op::eq && clause.op != Filter::Op::ne) {
    return invalid("'" + clause.key + "' is compared by = and != only");
  }
  if (!std::holds_alternative<std::string>(clause.value)) {
    return invalid("'" + clause.key + "' is compared with a quoted text");
  }
  return Filter{.kind = Filter::Kind::compare,
                .parts = {},
                .entity = "attribute",
                .key = clause.key,
                .op = clause.op,
                .value = std::move(clause.value)};
}

Result<IssuePage> search_issues(Evaluation& evaluation, tracing::Tracing& tracing,
                                const SearchIssues& in) {
  const auto size = in.max_results.value_or(kIssuesPage);
  if (size < 1 || size > kPageLimit) {
    return invalid("invalid value " + std::to_string(size) + " for 'max_results'");
  }
  evaluation::IssueSearch wanted{.experiment = optional_text(in.experiment_id)};
  if (wanted.experiment && !parse_int(*wanted.experiment)) {
    return invalid("invalid experiment ID '" + *wanted.experiment + "'");
  }
  SW_TRY(wanted.filter, parse_filter(in.filter_string, issue_leaf));
  wanted.page = {static_cast<std::size_t>(size), in.page_token};
  if (in.include_trace_count) {
    SW_TRY(wanted.counts, tracing.assessments().traces_by_issue());
  }
  SW_TRY(const auto found, evaluation.issues().search(wanted));
  IssuePage out{.next_page_token = found.next_token};
  for (const auto& issue : found.items) {
    out.issues.push_back(to_wire(issue));
    if (!in.include_trace_count) continue;
    const auto count = wanted.counts.find(issue.id);
    out.issues.back().trace_count = count == wanted.counts.end() ? 0 : count->second;
  }
  return out;
}

}  // namespace

void add_scorer_routes(net::Router& router, Evaluation& evaluation, tracing::Tracing& tracing) {
  Endpoints at{router, evaluation, "evaluation", "3.0"};
  at.post("scorers/register", register_scorer);
  at.get("scorers/list", list);
  at.get("scorers/versions", versions);
  at.get("scorers/get", get);
  at.del("scorers/delete", remove);
  at.get("scorers/online-configs", online_configs);
  at.post("issues", create_issue);
  add_route(router, net::Method::post, "3.0", "issues/search", "evaluation",
            [&evaluation, &tracing](const net::Request& request) -> Result<net::Response> {
              SW_TRY(const auto in, read<SearchIssues>(request));
              return finish(search_issues(evaluation, tracing, in));
            });
  at.get("issues/{issue_id}", get_issue);
  at.patch("issues/{issue_id}", update_issue);
}

}  // namespace slipway::wire::mlflow
