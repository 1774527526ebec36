// SPDX-License-Identifier: Apache-2.0
// What the files of the registry room share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "registry/registry.h"
#include "rows.h"
#include "source.h"
#include "tracking/tracking.h"

namespace slipway::registry {

struct Registry::Impl {
  store::Database& db;
  tracking::Tracking& tracking;
  blob::BlobStore& blobs;
  EventSink& events;
  Clock& clock;
  Ids& ids;
  History history;
  Promotions promotions;
  Watcher* watcher = nullptr;

  // Fills in `version.location` and the run that its source belongs to.
  Result<void> resolve(const NewVersion& wanted, Version& version) const;
  Result<void> resolve_version(const Source& source, const NewVersion& wanted,
                               Version& version) const;
  // The folder of the version's files, as an artifact root ("0/<run>/artifacts/model").
  Result<std::string> location_of(const Version& version) const;

  // Tells the watcher, inside the caller's transaction; `fact.tags` are filled in here where they
  // are the model's.
  Result<void> tell(store::Connection& db, const std::string& model_id, Fact fact) const;
  Result<void> tell_alias(store::Connection& db, const std::string& model_id,
                          const std::string& alias, const VersionRef& ref) const;

  // The parts of changes below are of the caller's transaction; what changed is told after it.
  struct Moved {
    std::optional<std::int64_t> previous;  // the champion before
    bool alias = false;
    std::optional<Stage> from;  // the stage before, when it is another now
    Stage to = Stage::production;
  };
  Result<Moved> promote_in(store::Connection& db, const VersionRow& row, const By& by) const;
  void announce(const VersionRef& ref, const Moved& moved, const By& by) const;
  Result<void> change_stage(store::Connection& db, const VersionRow& row, Stage stage,
                            Timestamp now, const By& by) const;
  // `version` 0 removes it.
  Result<void> change_alias(store::Connection& db, const VersionRow& row, const std::string& alias,
                            std::optional<std::int64_t> before, std::int64_t version,
                            const By& by) const;
  // The champion is leaving Production: the newest of those still there follows, or nobody.
  Result<void> pass_on(store::Connection& db, const VersionRow& row, const By& by) const;
  Result<void> drop_champion(store::Connection& db, const VersionRow& row, const By& by) const;

  // May the version enter Production? See promotions.h.
  Result<void> check_cleared(store::Connection& db, const VersionRow& row, const By& by) const;
  // Its open request is done with, or no longer of use.
  Result<void> close_requests(store::Connection& db, const VersionRow& row,
                              RequestState state) const;
  // Is the run (or logged model, or experiment) what versions stem from?
  Result<void> may_remove(tracking::Removal what, const std::string& id, bool anyway);
  Result<std::vector<VersionRow>> stemming_from(tracking::Removal what,
                                                const std::string& id) const;

  // Archives the other versions that are in `stage`; part of the caller's transaction.
  Result<void> archive_all_but(store::Connection& db, const VersionRow& kept, Stage stage,
                               Timestamp now, const By& by) const;
  void publish(std::string type, const VersionRef& ref, const By& by,
               const std::vector<std::pair<std::string, std::string>>& more = {}) const;
  Change change(const std::string& action, const VersionRef& ref, std::string from, std::string to,
                const By& by) const;
};

}  // namespace slipway::registry
