// SPDX-License-Identifier: Apache-2.0
#include "evidence.h"

#include <algorithm>

#include "monitor/monitor.h"
#include "serving/endpoints.h"
#include "shared_traffic.h"

namespace slipway::app {

Result<rollout::Traffic> LiveEvidence::counted(const std::string& endpoint,
                                               const std::string& model, std::int64_t version,
                                               bool mirrored) {
  SW_TRY(const auto view, endpoints_.get(endpoint));
  rollout::Traffic out;
  const auto number = std::to_string(version);
  for (const auto& stats : view.stats) {
    if (stats.model != model || stats.version != number) continue;
    out = mirrored ? mirrored_of(stats) : traffic_of(stats);
  }
  if (others_ == nullptr) return out;
  SW_TRY(const auto both, others_->of_others(endpoint, model, version));
  const auto& more = mirrored ? both.mirrored : both.traffic;
  out.requests += more.requests;
  out.errors += more.errors;
  auto& counts = out.latency.counts;
  counts.resize(std::max(counts.size(), more.latency.counts.size()));
  for (std::size_t i = 0; i < more.latency.counts.size(); ++i) {
    counts[i] += more.latency.counts[i];
  }
  return out;
}

Result<rollout::Traffic> LiveEvidence::traffic(const std::string& endpoint,
                                               const std::string& model, std::int64_t version) {
  return counted(endpoint, model, version, false);
}

Result<rollout::Traffic> LiveEvidence::mirrored(const std::string& endpoint,
                                                const std::string& model, std::int64_t version) {
  return counted(endpoint, model, version, true);
}

Result<rollout::Agreement> LiveEvidence::agreement(const std::string& endpoint,
                                                   const std::string& model, std::int64_t champion,
                                                   std::int64_t challenger, Timestamp since) {
  SW_TRY(const auto seen, monitor_.agreement({endpoint, model, std::to_string(champion),
                                              std::to_string(challenger), since}));
  return rollout::Agreement{.pairs = seen.pairs,
                            .classes = seen.classes,
                            .equal = seen.equal,
                            .numbers = seen.numbers,
                            .difference = seen.difference,
                            .difference_squares = seen.difference_squares,
                            .x = seen.x,
                            .y = seen.y,
                            .xx = seen.xx,
                            .yy = seen.yy,
                            .xy = seen.xy};
}

Result<rollout::Outcomes> LiveEvidence::outcomes(const std::string& endpoint,
                                                 const std::string& model, std::int64_t version,
                                                 Timestamp since, Timestamp live) {
  std::vector<rollout::Business> business;
  std::int64_t predictions = 0;
  std::vector<monitor::BusinessOfVersion> versions;
  if (live.ms != 0) {
    SW_TRY(versions, monitor_.business(endpoint, live));
  }
  for (const auto& one : versions) {
    if (one.model != model || one.version != std::to_string(version)) continue;
    predictions = one.predictions;
    for (const auto& sums : one.events) {
      business.push_back({sums.event, sums.requests, sums.value, sums.squares});
    }
  }
  SW_TRY(auto quality, monitor_.labelled_quality(endpoint, model, std::to_string(version), since));
  return rollout::Outcomes{.known = quality.labelled,
                           .classified = quality.classified,
                           .right = quality.correct,
                           .labels = std::move(quality.positives),
                           .scores = std::move(quality.scores),
                           .errors = std::move(quality.errors),
                           .predictions = predictions,
                           .business = std::move(business)};
}

}  // namespace slipway::app
