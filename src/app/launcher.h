// SPDX-License-Identifier: Apache-2.0
// The pipelines that alerts start.
#pragma once

#include <string>
#include <vector>

#include "monitor/retraining.h"

namespace slipway::pipeline {
class Executions;
class Sources;
}  // namespace slipway::pipeline

namespace slipway::app {

class PipelineLauncher : public monitor::Launcher {
 public:
  PipelineLauncher(pipeline::Executions& executions, pipeline::Sources& sources)
      : executions_(executions), sources_(sources) {}

  Result<std::string> start(const std::string& pipeline, const std::string& params,
                            const std::string& key, const std::string& actor) override;
  Result<bool> running(const std::string& execution_id) override;
  Result<std::string> data_version(const std::string& path) override;
  Result<std::vector<std::string>> wanting_drift_of(const std::string& endpoint) override;

 private:
  pipeline::Executions& executions_;
  pipeline::Sources& sources_;
};

}  // namespace slipway::app
