// SPDX-License-Identifier: Apache-2.0
// Answers the gate steps of pipelines by the policies, and their check steps by suites.
#pragma once

#include <string>
#include <utility>

#include "app/gate.h"
#include "pipeline/gate_runner.h"

namespace slipway::app {

class PipelineGates : public pipeline::GateRunner {
 public:
  // `duckdb`: where the library is that reads files.
  PipelineGates(Gatekeeper& gatekeeper, std::string duckdb)
      : gatekeeper_(gatekeeper), duckdb_(std::move(duckdb)) {}
  Result<pipeline::GateVerdict> check(const pipeline::GateRequest& request) override;
  Result<pipeline::GateVerdict> check(const pipeline::CheckRequest& request) override;

 private:
  Gatekeeper& gatekeeper_;
  const std::string duckdb_;
};

}  // namespace slipway::app
