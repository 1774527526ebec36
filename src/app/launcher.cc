// SPDX-License-Identifier: Apache-2.0
#include "launcher.h"

#include "pipeline/pipeline.h"
#include "pipeline/sources.h"

namespace slipway::app {

Result<std::string> PipelineLauncher::start(const std::string& name, const std::string& params,
                                            const std::string& key, const std::string&) {
  SW_TRY(const auto given, pipeline::params_from_json(params));
  SW_TRY(const auto execution, executions_.start(name, given, {.kind = "alert", .id = key}));
  return execution.id;
}

Result<bool> PipelineLauncher::running(const std::string& execution_id) {
  SW_TRY(const auto execution, executions_.get(execution_id));
  return !pipeline::is_final(execution.status);
}

Result<std::string> PipelineLauncher::data_version(const std::string& path) {
  SW_TRY(auto found, sources_.data(path));
  if (found.present.empty() && found.recorded.empty()) {
    return not_found("there is no data at '" + path + "'");
  }
  return found.present.empty() ? std::move(found.recorded) : std::move(found.present);
}

Result<std::vector<std::string>> PipelineLauncher::wanting_drift_of(const std::string& endpoint) {
  return executions_.on_drift(endpoint);
}

}  // namespace slipway::app
