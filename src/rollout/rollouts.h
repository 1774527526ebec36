// SPDX-License-Identifier: Apache-2.0
// Moves an endpoint's traffic from the champion to a challenger on evidence, and back.
//
// Every transition is in the store before it is acted on, and every act may be repeated: after a
// crash the next tick does again what was begun, and goes on. One red check sends all traffic back.
// The formulas of the checks: docs/guides/rollout.md.
#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "domain/event.h"
#include "domain/types.h"
#include "rollout/evidence.h"
#include "rollout/types.h"

namespace slipway::store {
class Database;
}
namespace slipway::serving {
class Endpoints;
}
namespace slipway::registry {
class Registry;
}

namespace slipway::rollout {

struct Options {
  int tick_ms = 200;
  int evidence_every_ms = 10'000;  // unchanged verdicts are written down this often
};

// Thread-safe.
class Rollouts {
 public:
  Rollouts(store::Database& db, serving::Endpoints& endpoints, registry::Registry& registry,
           Evidence& evidence, EventSink& events, Clock& clock, Ids& ids, Options options = {});
  ~Rollouts();

  // Begins to tick by itself. What an earlier process left unfinished goes on.
  void run();
  // Ends that; idempotent.
  void stop();
  // One pass over the active rollouts.
  void tick();

  // Refused: an endpoint with a rollout under way, without the model, or with the version as its
  // champion already. Returns when the challenger is loaded and gets its first share.
  Result<Rollout> start(const Spec& spec, const std::string& actor);
  Result<Rollout> get(const std::string& id) const;
  Result<std::vector<EvidenceItem>> evidence(const std::string& id) const;
  // What was decided on the evidence, in order, each decided again. Changes nothing.
  Result<std::vector<Replayed>> replay(const std::string& id) const;
  // Newest first; an empty endpoint is any.
  Result<Page<Rollout>> list(const std::string& endpoint, const PageRequest& page) const;

  // Paused: the shares stay, the comparison goes on (red still rolls back), no step is taken.
  Result<Rollout> pause(const std::string& id, const std::string& actor);
  Result<Rollout> resume(const std::string& id, const std::string& actor);
  // All traffic back to the champion.
  Result<Rollout> abort(const std::string& id, const std::string& actor, const std::string& reason);

  // Back to the version before: ends a rollout that is under way, else restores the champion
  // before the present one.
  Result<Reversion> roll_back(const std::string& endpoint, const std::string& actor,
                              const std::string& reason);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::rollout
