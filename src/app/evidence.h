// SPDX-License-Identifier: Apache-2.0
// What rollouts decide on: counts of serving, outcomes of monitoring.
#pragma once

#include "rollout/evidence.h"

namespace slipway::monitor {
class Monitor;
}
namespace slipway::serving {
class Endpoints;
}

namespace slipway::app {

class LiveEvidence : public rollout::Evidence {
 public:
  LiveEvidence(serving::Endpoints& endpoints, monitor::Monitor& monitor)
      : endpoints_(endpoints), monitor_(monitor) {}
  Result<rollout::Traffic> traffic(const std::string& endpoint, const std::string& model,
                                   std::int64_t version) override;
  Result<rollout::Outcomes> outcomes(const std::string& endpoint, const std::string& model,
                                     std::int64_t version, Timestamp since) override;

 private:
  serving::Endpoints& endpoints_;
  monitor::Monitor& monitor_;
};

}  // namespace slipway::app
