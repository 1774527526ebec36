// SPDX-License-Identifier: Apache-2.0
#include "pipeline_gates.h"

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

}  // namespace slipway::app
