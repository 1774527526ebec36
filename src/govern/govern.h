// SPDX-License-Identifier: Apache-2.0
// Policies, and the decisions that they led to.
//
// This room measures nothing: whoever asks hands in the facts, and gets back what every rule
// wanted, what it found and why it passed or not. Decisions are kept for good.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "domain/event.h"
#include "domain/types.h"
#include "govern/policy.h"

namespace slipway::store {
class Database;
}

namespace slipway::govern {

// What is known about one version. NaN counts as not known.
struct Facts {
  std::map<std::string, double> metrics;
  std::map<std::string, std::map<std::string, double>> fairness;  // by group column, by measure
  std::map<std::string, double> latency;                          // "p50_ms", "p99_ms"
  // Where the numbers are from, and why some are missing; goes into reasons.
  std::string source;
};

struct Subject {
  std::string model;
  std::int64_t version = 0;
  Facts facts;
  std::optional<std::int64_t> champion;  // nothing: there is none to compare with
  Facts champion_facts;
};

struct Verdict {
  std::string rule;
  std::string wanted;
  std::optional<double> actual;
  std::optional<double> champion;  // comparisons: its number
  bool passed = false;
  std::string reason;
};

struct Decision {
  std::string id;
  Timestamp at;
  std::string actor;
  std::string model;
  std::int64_t version = 0;
  std::optional<std::int64_t> champion;
  std::string policy;  // its name
  bool allowed = false;
  std::vector<Verdict> rules;

  // "refused by production: roc_auc 0.61, wanted >= 0.65"
  std::string summary() const;
};

// A decision made again from what was stored with it: the text of the policy and the numbers.
struct Replay {
  Decision stored;
  Decision again;  // with the id and the time of the stored one
  bool same = false;
};

// Every rule is judged, also after one has failed. A number that is not known fails its rule; a
// comparison without a champion passes.
std::vector<Verdict> judge(const Policy& policy, const Subject& subject);

class Govern {
 public:
  Govern(store::Database& db, EventSink& events, Clock& clock, Ids& ids)
      : db_(db), events_(events), clock_(clock), ids_(ids) {}

  // Judges, keeps the decision and publishes gate.decided.
  Result<Decision> decide(const Policy& policy, const Subject& subject, const std::string& actor);
  Result<Decision> decision(const std::string& id) const;
  // Changes nothing. data_loss when what is stored cannot be read.
  Result<Replay> replay(const std::string& id) const;
  // Newest first; version 0 is any, an empty model too.
  Result<Page<Decision>> decisions(const std::string& model, std::int64_t version,
                                   const PageRequest& page) const;

 private:
  store::Database& db_;
  EventSink& events_;
  Clock& clock_;
  Ids& ids_;
};

}  // namespace slipway::govern
