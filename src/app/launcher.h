// SPDX-License-Identifier: Apache-2.0
// The pipelines that alerts start.
#pragma once

#include <string>
#include <vector>

#include "monitor/retraining.h"

namespace slipway::pipeline {
class Executions;
}

namespace slipway::app {

class PipelineLauncher : public monitor::Launcher {
 public:
  explicit PipelineLauncher(pipeline::Executions& executions) : executions_(executions) {}

  Result<std::string> start(const std::string& pipeline, const std::string& params,
                            const std::string& key, const std::string& actor) override;
  Result<bool> running(const std::string& execution_id) override;
  Result<std::vector<std::string>> wanting_drift_of(const std::string& endpoint) override;

 private:
  pipeline::Executions& executions_;
};

}  // namespace slipway::app
