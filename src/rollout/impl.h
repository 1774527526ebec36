// SPDX-License-Identifier: Apache-2.0
// What the files of the rollout room share. Everything is called with `mutex` held.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/pool.h"
#include "checks.h"
#include "registry/registry.h"
#include "rollout/rollouts.h"
#include "rows.h"
#include "serving/endpoints.h"

namespace slipway::rollout {

inline constexpr std::string_view kNextStep = "next_step";
inline constexpr std::string_view kPromote = "promote";
inline constexpr std::string_view kRollBack = "roll_back";
inline constexpr std::string_view kUndecided = "undecided";

// All that a look at a rollout is decided on.
struct Facts {
  bool mirrored = false;
  bool alone = false;
  Judged champion;
  Judged challenger;
  Agreement agreement;
};
// decisions.cc
std::vector<Check> checks_on(const Rollout& rollout, const Facts& facts);

struct Decided {
  std::string_view decision;
  std::int64_t step = 0;  // index
  Facts facts;
};
// In the caller's transaction, after the row has its reason.
Result<void> put_decision(store::Connection& db, const Row& row, const Decided& decided,
                          Timestamp at);

// What is known about a rollout between ticks; made again after a start.
struct Watched {
  Traffic last_champion;  // absolute, as the evidence told it
  Traffic last_challenger;
  Traffic last_mirrored;
  Agreement agreement;
  Side champion;
  Side challenger;
  std::int64_t labels = 0;  // known outcomes of the challenger, to this moment
  std::int64_t outcomes_at_ns = 0;
  std::int64_t saved_at_ns = 0;
  std::map<std::string, Verdict> verdicts;  // as last written down
  std::int64_t evidence_at_ns = 0;
  std::string note;  // what it waits for
};

// The step that it is in.
inline const Step& step_of(const Rollout& rollout) {
  return rollout.steps[static_cast<std::size_t>(rollout.step)];
}
inline bool is_shadow(const Rollout& rollout) {
  return step_of(rollout).shadow > 0;
}
// "5 %", "a shadow of 100 % of the requests".
std::string share_text(const Step& step);

// Of versions of the endpoint's own graph, which the registry does not know.
inline bool is_graph(const Rollout& rollout) {
  return rollout.model == serving::graph_model_of(rollout.endpoint);
}

struct Rollouts::Impl {
  store::Database& db;
  serving::Endpoints& endpoints;
  registry::Registry& registry;
  Evidence& evidence;
  EventSink& events;
  Clock& clock;
  Ids& ids;
  Options options;

  mutable std::mutex mutex;
  std::map<std::string, Watched> watched;  // by rollout
  // Versions before, kept loaded for an instant way back; by endpoint.
  std::map<std::string, std::shared_ptr<serving::Target>> warm;
  std::unique_ptr<Worker> worker;  // last: it uses the others

  // acts.cc: one open phase to its end. The phase is in the store already.
  Result<void> act(Row& row);
  Result<void> set_routes(const Row& row, const std::vector<serving::RouteSpec>& routes);
  // The version as a route; of a graph with its text.
  Result<serving::RouteSpec> route_to(const Row& row, std::int64_t version) const;
  Result<std::vector<serving::RouteSpec>> shared_routes(const Row& row) const;
  Result<std::vector<serving::RouteSpec>> routes_with(const Row& row, std::int64_t version) const;
  Result<void> make_champion(const Row& row, std::int64_t version, const std::string& reason);
  Result<void> finish(Row& row, State state, const std::string& event);
  // Writes that `phase` begins, then acts.
  Result<void> begin(Row& row, Phase phase, const std::string& reason,
                     const std::vector<EvidenceItem>& found = {}, const Decided* decided = nullptr);
  // The row and its entry in the history are kept together, so that each is told exactly once.
  Result<void> keep_and_tell(const Row& row, const std::string& event);

  // watch.cc: gathers, compares, decides.
  Result<void> watch(Row& row);
  Result<void> gather(Row& row, Watched& at);
  Result<void> count(Row& row, Watched& at);
  Facts facts_of(const Row& row, const Watched& at) const;
  std::vector<EvidenceItem> news(const Row& row, Watched& at, const std::vector<Check>& checks);
  Result<void> next_step(Row& row, Watched& at, const std::vector<EvidenceItem>& found,
                         Decided decided);
  std::string undecided(Row& row, const std::vector<Check>& checks) const;
  std::string waits_for(const Row& row, const Watched& at, const std::vector<Check>& checks) const;

  Result<Row> load(const std::string& id) const;
  Result<Row> load_moving(const std::string& id) const;
  Result<std::optional<Row>> moving_on(const std::string& endpoint) const;
  Result<Reversion> restore_previous(const std::string& endpoint, const std::string& actor,
                                     const std::string& reason);
};

}  // namespace slipway::rollout
