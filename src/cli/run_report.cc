// SPDX-License-Identifier: Apache-2.0
#include "run_report.h"

#include <cstdint>
#include <vector>

#include <boost/describe.hpp>

#include "json/describe.h"

namespace slipway::cli {

struct StepReport {
  std::string name;
  json::Nullable<std::int64_t> index;
  std::string status;
  int attempts = 0;
  json::Nullable<std::string> started;
  json::Nullable<std::string> ended;
  json::Nullable<int> exit_code;
  json::Nullable<std::string> error;
};
BOOST_DESCRIBE_STRUCT(StepReport, (),
                      (name, index, status, attempts, started, ended, exit_code, error))

struct RunReport {
  std::string run_id;
  std::string status;
  std::string pipeline;
  json::Nullable<std::string> started;
  json::Nullable<std::string> ended;
  std::vector<StepReport> steps;
};
BOOST_DESCRIBE_STRUCT(RunReport, (), (run_id, status, pipeline, started, ended, steps))

namespace {

json::Nullable<std::string> text(const std::optional<Timestamp>& at) {
  if (!at) return std::nullopt;
  return to_rfc3339(*at);
}

}  // namespace

std::string run_report(const pipeline::Execution& execution) {
  RunReport out;
  out.run_id = execution.id;
  out.status = name_of(execution.status);
  out.pipeline = execution.pipeline;
  out.started = text(execution.started);
  out.ended = text(execution.ended);
  for (const auto& step : execution.steps) {
    StepReport report;
    report.name = step.name;
    if (step.index) report.index.emplace(*step.index);
    report.status = name_of(step.status);
    report.attempts = step.attempts;
    report.started = text(step.started);
    report.ended = text(step.ended);
    if (step.exit_code) report.exit_code.emplace(*step.exit_code);
    if (!step.error.empty()) report.error = step.error;
    out.steps.push_back(std::move(report));
  }
  return json::dump(out);
}

}  // namespace slipway::cli

SLIPWAY_JSON(slipway::cli::RunReport)
