// SPDX-License-Identifier: Apache-2.0
#include "pipeline_gates.h"

#include "analysis/expectations.h"
#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::app {

Result<pipeline::GateVerdict> PipelineGates::check(const pipeline::GateRequest& request) {
  GateQuestion question;
  SW_TRY(question.policy, blob::read_file(request.policy_path, 1 << 20));
  question.file = request.policy_path;
  question.model = request.model;
  if (!request.version.empty()) {
    const auto version = parse_int(request.version);
    if (!version || *version < 1) {
      return invalid("gate: version '" + request.version + "' is not a number");
    }
    question.version = *version;
  }
  question.endpoint = request.endpoint;
  question.actor = "pipeline " + request.execution;
  SW_TRY(const auto decision, gatekeeper_.check(question));
  pipeline::GateVerdict out;
  out.allowed = decision.allowed;
  out.decision = decision.id;
  out.reason = decision.summary();
  out.text = out.reason + "\n";
  for (const auto& rule : decision.rules) {
    out.text += (rule.passed ? "passed  " : "failed  ") + rule.rule + ": wanted " + rule.wanted +
                ", found " + (rule.actual ? number_text(*rule.actual) : "nothing") +
                (rule.reason.empty() ? "" : " (" + rule.reason + ")") + "\n";
  }
  return out;
}

Result<pipeline::GateVerdict> PipelineGates::check(const pipeline::CheckRequest& request) {
  SW_TRY(const auto text, blob::read_file(request.suite_path, 2 << 20));
  SW_TRY(const auto suite, expectation::parse_suite(text, request.suite_path));
  SW_TRY(const auto table, drivers::duckdb::Table::open(request.data_path, {.library = duckdb_}));
  SW_TRY(const auto report, analysis::check_table(*table, suite, system_clock().now(),
                                                  [](std::size_t, std::size_t) {}));
  pipeline::GateVerdict out{.allowed = report.passed, .reason = analysis::summary_of(report)};
  for (const auto& finding : report.findings) {
    const bool warning = finding.severity == expectation::Severity::warning;
    out.text += std::string(finding.skipped  ? "skipped "
                            : finding.passed ? "passed  "
                            : warning        ? "warning "
                                             : "failed  ") +
                finding.label;
    const auto found = analysis::found_of(finding);
    out.text += (finding.passed || found.empty() ? "" : ": " + found) + "\n";
    if (!finding.passed && !warning && out.reason.find(": ") == out.reason.rfind(": ")) {
      out.reason += ": " + finding.label + (found.empty() ? "" : " (" + found + ")");
    }
  }
  out.text += out.reason + "\n";
  return out;
}

}  // namespace slipway::app
