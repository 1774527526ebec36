// SPDX-License-Identifier: Apache-2.0
// What a rollout decides on. Implemented by the application over serving and monitoring.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serving/stats.h"

namespace slipway::rollout {

// Counts of one version behind one endpoint. They only grow, but may begin again at zero when the
// process does.
struct Traffic {
  std::int64_t requests = 0;
  std::int64_t errors = 0;
  serving::LatencySnapshot latency;
};

// What came of a version's predictions for the business: of one kind of event.
struct Business {
  std::string event;
  std::int64_t requests = 0;  // that had any
  double value = 0;           // summed
  double squares = 0;         // of the values of each request
};

// Predictions of one version whose outcome became known.
struct Outcomes {
  std::int64_t known = 0;
  std::int64_t classified = 0;  // of those, with a verdict right or wrong
  std::int64_t right = 0;
  std::vector<int> labels;       // 0 or 1, of those with a probability; maybe only the newest
  std::vector<double> scores;    // probability of 1
  std::vector<double> errors;    // of a regression: label - prediction; nothing else is known then
  std::int64_t predictions = 0;  // recorded, labelled or not
  std::vector<Business> business;
};

// Thread-safe.
class Evidence {
 public:
  virtual ~Evidence() = default;
  virtual Result<Traffic> traffic(const std::string& endpoint, const std::string& model,
                                  std::int64_t version) = 0;
  // Of predictions made since then.
  virtual Result<Outcomes> outcomes(const std::string& endpoint, const std::string& model,
                                    std::int64_t version, Timestamp since) = 0;
};

}  // namespace slipway::rollout
