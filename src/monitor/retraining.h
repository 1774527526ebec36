// SPDX-License-Identifier: Apache-2.0
// From an open alert to a running pipeline: the rule `retrain` of an endpoint's settings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "monitor/monitor.h"

namespace slipway::monitor {

// Who starts pipelines. Starting twice with the same key answers the first execution's id and
// starts nothing: that makes a crash between start and record harmless.
class Launcher {
 public:
  virtual ~Launcher() = default;
  // `params` is a JSON object; `key` is the alert's id.
  virtual Result<std::string> start(const std::string& pipeline, const std::string& params,
                                    const std::string& key, const std::string& actor) = 0;
  virtual Result<bool> running(const std::string& execution_id) = 0;
  // What the data at the path is now (its content, whoever made it).
  virtual Result<std::string> data_version(const std::string& path) = 0;
  // Pipelines that ask by themselves to be started by drift of the endpoint.
  virtual Result<std::vector<std::string>> wanting_drift_of(const std::string& endpoint) = 0;
};

// Starts what open alerts ask for and was not started yet: one execution an alert, one running a
// model, none before the cool-down is over, none beyond the day's budget, none on the data of the
// last one, and none while the traffic is broken rather than different: what a broken feed taught
// would be wrong. Reads everything from the store, so it may be called at start, after every alert
// and from time to time, and nothing is lost or done twice. Answers how many were started. Drift,
// quality and business alerts retrain, the others do not. Without a rule the first pipeline that
// wants the endpoint's drift is it, with a cool-down of an hour.
Result<int> retrain_due(Monitor& monitor, Clock& clock, Launcher& launcher);

}  // namespace slipway::monitor
