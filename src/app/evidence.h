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

class SharedTraffic;

class LiveEvidence : public rollout::Evidence {
 public:
  // `others`: what other servers of the store answer counts too; may be null.
  LiveEvidence(serving::Endpoints& endpoints, monitor::Monitor& monitor, SharedTraffic* others)
      : endpoints_(endpoints), monitor_(monitor), others_(others) {}
  Result<rollout::Traffic> traffic(const std::string& endpoint, const std::string& model,
                                   std::int64_t version) override;
  Result<rollout::Traffic> mirrored(const std::string& endpoint, const std::string& model,
                                    std::int64_t version) override;
  Result<rollout::Outcomes> outcomes(const std::string& endpoint, const std::string& model,
                                     std::int64_t version, Timestamp since,
                                     Timestamp live) override;
  Result<rollout::Agreement> agreement(const std::string& endpoint, const std::string& model,
                                       std::int64_t champion, std::int64_t challenger,
                                       Timestamp since) override;

 private:
  Result<rollout::Traffic> counted(const std::string& endpoint, const std::string& model,
                                   std::int64_t version, bool mirrored);

  serving::Endpoints& endpoints_;
  monitor::Monitor& monitor_;
  SharedTraffic* const others_;
};

}  // namespace slipway::app
