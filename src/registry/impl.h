// SPDX-License-Identifier: Apache-2.0
// What the files of the registry room share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "registry/registry.h"
#include "rows.h"
#include "source.h"

namespace slipway::registry {

struct Registry::Impl {
  store::Database& db;
  tracking::Tracking& tracking;
  blob::BlobStore& blobs;
  EventSink& events;
  Clock& clock;
  Ids& ids;
  History history;
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

  // Archives the other versions that are in `stage`; part of the caller's transaction.
  Result<void> archive_all_but(store::Connection& db, const VersionRow& kept, Stage stage,
                               Timestamp now, const By& by) const;
  void publish(std::string type, const VersionRef& ref, const By& by,
               const std::vector<std::pair<std::string, std::string>>& more = {}) const;
  Change change(const std::string& action, const VersionRef& ref, std::string from, std::string to,
                const By& by) const;
};

}  // namespace slipway::registry
