// SPDX-License-Identifier: Apache-2.0
// The append-only record of who changed what in the registry, hash chained.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "registry/periods.h"
#include "registry/types.h"

namespace slipway::store {
class Connection;
class Database;
}  // namespace slipway::store

namespace slipway::registry {

class History {
 public:
  History(store::Database& db, Clock& clock) : db_(db), clock_(clock) {}

  // Adds an entry about something that other rooms decided about a version ("gate.decided",
  // "rollout.rolled_back"). `entry.at`, `sequence` and the hashes are filled in here.
  Result<void> note(Change entry);
  // The same inside somebody's transaction.
  Result<void> note(store::Connection& connection, Change entry) const;
  // Newest first. version 0: everything about the model, also under its earlier names.
  Result<Page<Change>> of(const std::string& model, std::int64_t version,
                          const PageRequest& page) const;
  // Which version held which alias and was in which stage, since when and until when; oldest first.
  // Also of models that had the name before. An unknown name has none.
  Result<std::vector<Period>> periods(const std::string& model) const;
  // Who made the version, and why; an empty change when the history does not know.
  Result<Change> creation(const VersionRef& ref) const;
  // Walks the whole chain.
  Result<ChainReport> verify() const;

  // Inside somebody's transaction: one entry more.
  Result<void> append(store::Connection& connection, const std::string& model_id,
                      Change entry) const;

 private:
  store::Database& db_;
  Clock& clock_;
};

}  // namespace slipway::registry
