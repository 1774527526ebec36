// SPDX-License-Identifier: Apache-2.0
// MLflow REST, metric history: whole, of many runs, and sampled for charts.
#include <algorithm>

#include "endpoint.h"
#include "runs/history_json.h"
#include "runs/messages_metric.h"
#include "tracking/tracking.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using tracking::RunId;
using tracking::Tracking;

constexpr std::size_t kRunsLimit = 100;
constexpr std::int64_t kBulkLimit = 25'000;
constexpr std::int64_t kSampleLimit = 2'500;  // points a run
constexpr std::int64_t kPiece = 16'384;       // points of a whole history that are read at once

Result<net::Response> history(Tracking& tracking, const GetHistory& in) {
  const auto& id = in.run_id.empty() ? in.run_uuid : in.run_id;
  if (id.empty()) return missing("run_id");
  if (in.metric_key.empty()) return missing("metric_key");
  if (in.max_results && *in.max_results <= 0) {
    return invalid("invalid value " + std::to_string(*in.max_results) + " for 'max_results'",
                   "it must be a positive integer");
  }
  const auto size = static_cast<std::size_t>(in.max_results.value_or(kPiece));
  const auto page = [&tracking, id = RunId(id), key = in.metric_key](std::size_t most,
                                                                     const std::string& token) {
    return tracking.runs().history(id, key, {most, token});
  };
  SW_TRY(auto found, page(size, in.page_token));
  if (!in.max_results && !found.next_token.empty()) {
    return stream_history(in.metric_key, std::move(found),
                          [page](const std::string& token) { return page(kPiece, token); });
  }
  HistoryJson out;
  out.append(in.metric_key, found.items);
  return answer_with(out.finish(found.next_token));
}

Result<void> check_runs(std::string_view field, const std::vector<std::string>& ids) {
  if (ids.empty()) return missing(field);
  if (ids.size() <= kRunsLimit) return {};
  return invalid("more than " + std::to_string(kRunsLimit) + " values for '" + std::string(field) +
                 "': " + std::to_string(ids.size()));
}

Result<net::Response> history_bulk(Tracking& tracking, const GetHistoryBulk& in) {
  SW_CHECK_OK(check_runs("run_id", in.run_id));
  if (in.metric_key.empty()) return missing("metric_key");
  auto left = std::min(in.max_results.value_or(kBulkLimit), kBulkLimit);
  if (left < 0) return invalid("'max_results' must not be negative");
  auto ids = in.run_id;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  HistoryJson out;
  for (const auto& id : ids) {
    if (left == 0) break;
    SW_TRY(const auto found,
           tracking.runs().history(RunId(id), in.metric_key, {static_cast<std::size_t>(left), {}}));
    left -= static_cast<std::int64_t>(found.items.size());
    out.append(in.metric_key, found.items, id);
  }
  return answer_with(out.finish());
}

Result<net::Response> history_sampled(Tracking& tracking, const GetHistorySampled& in) {
  SW_CHECK_OK(check_runs("run_ids", in.run_ids));
  if (in.metric_key.empty()) return missing("metric_key");
  const auto points = in.max_results.value_or(kSampleLimit);
  if (points < 1 || points > kSampleLimit) {
    return invalid("max_results must be between 1 and " + std::to_string(kSampleLimit));
  }
  std::optional<tracking::Runs::Steps> steps;
  if (in.start_step.has_value() != in.end_step.has_value()) {
    return invalid("only one of start_step and end_step is given", "give both, or neither");
  }
  if (in.start_step) {
    if (*in.start_step > *in.end_step) {
      return invalid("end_step must be greater than start_step: " + std::to_string(*in.start_step) +
                     ", " + std::to_string(*in.end_step));
    }
    steps = {*in.start_step, *in.end_step};
  }
  HistoryJson out;
  for (const auto& id : in.run_ids) {
    SW_TRY(const auto found, tracking.runs().sampled(RunId(id), in.metric_key,
                                                     static_cast<std::size_t>(points), steps));
    out.append(in.metric_key, found, id);
  }
  return answer_with(out.finish());
}

}  // namespace

void add_metric_routes(net::Router& router, Tracking& tracking) {
  Endpoints at{router, tracking, "run"};
  at.get("metrics/get-history", history);
  at.get("metrics/get-history-bulk", history_bulk);
  at.get("metrics/get-history-bulk-interval", history_sampled);
}

}  // namespace slipway::wire::mlflow
