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

// What champion and challenger answered to the same requests, pair by pair.
struct Agreement {
  std::int64_t pairs = 0;
  std::int64_t classes = 0;  // pairs of classes, and those of them that are equal
  std::int64_t equal = 0;
  std::int64_t numbers = 0;  // pairs of numbers (of scores, where there are some), and sums of them
  double difference = 0;     // absolute
  double difference_squares = 0;
  double x = 0;  // the champion's
  double y = 0;
  double xx = 0;
  double yy = 0;
  double xy = 0;
};

// Thread-safe.
class Evidence {
 public:
  virtual ~Evidence() = default;
  virtual Result<Traffic> traffic(const std::string& endpoint, const std::string& model,
                                  std::int64_t version) = 0;
  // Of the copies that it got as a shadow.
  virtual Result<Traffic> mirrored(const std::string& endpoint, const std::string& model,
                                   std::int64_t version) = 0;
  // Of predictions made since then; what they did for the business counts from `live` on, when
  // there is one.
  virtual Result<Outcomes> outcomes(const std::string& endpoint, const std::string& model,
                                    std::int64_t version, Timestamp since, Timestamp live) = 0;
  // Of recorded requests since then that the champion answered and the challenger as its shadow.
  virtual Result<Agreement> agreement(const std::string& endpoint, const std::string& model,
                                      std::int64_t champion, std::int64_t challenger,
                                      Timestamp since) = 0;
};

}  // namespace slipway::rollout
