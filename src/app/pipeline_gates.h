// SPDX-License-Identifier: Apache-2.0
// Answers the gate steps of pipelines by the policies.
#pragma once

#include "app/gate.h"
#include "pipeline/gate_runner.h"

namespace slipway::app {

class PipelineGates : public pipeline::GateRunner {
 public:
  explicit PipelineGates(Gatekeeper& gatekeeper) : gatekeeper_(gatekeeper) {}
  Result<pipeline::GateVerdict> check(const pipeline::GateRequest& request) override;

 private:
  Gatekeeper& gatekeeper_;
};

}  // namespace slipway::app
