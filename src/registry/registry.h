// SPDX-License-Identifier: Apache-2.0
// Models, their versions, the aliases and stages that versions carry, and who moved them.
//
// Every call may be made from any thread; its effect, and its entry in the history, are durable
// together when it returns. Names follow MLflow's rules (no '/' or ':', not a relative path).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "domain/event.h"
#include "registry/history.h"
#include "registry/promotions.h"
#include "registry/types.h"
#include "registry/watcher.h"

namespace slipway::store {
class Database;
}
namespace slipway::blob {
class BlobStore;
}
namespace slipway::tracking {
class Tracking;
}

namespace slipway::registry {

// What a promotion changed.
struct Promotion {
  Version version;
  std::optional<std::int64_t> previous;  // the champion before; nothing when there was none
};

class Registry {
 public:
  Registry(store::Database& db, tracking::Tracking& tracking, blob::BlobStore& blobs,
           EventSink& events, Clock& clock, Ids& ids);
  ~Registry();

  // From now on it is told of every change; before anything changes. It must outlive this.
  void watch(Watcher& watcher);

  // A name that is taken is already_exists.
  Result<Model> create(const std::string& name, const std::vector<Tag>& tags,
                       const std::string& description, const By& by);
  Result<Model> model(const std::string& name) const;
  Result<Page<Model>> search(const Search& search) const;
  Result<Model> rename(const std::string& name, const std::string& to, const By& by);
  Result<Model> describe(const std::string& name, const std::string& description, const By& by);
  // With all its versions. The history stays.
  Result<void> remove(const std::string& name, const By& by);

  // Numbers count from 1 and are never used twice, also not after a version was removed.
  Result<Version> add(const NewVersion& version, const By& by);
  Result<Version> version(const VersionRef& ref) const;
  Result<Page<Version>> search_versions(const Search& search) const;
  Result<Version> describe_version(const VersionRef& ref, std::optional<std::string> description,
                                   const By& by);
  Result<void> remove_version(const VersionRef& ref, const By& by);
  // `archive_others` archives the versions that are in the stage now (staging, production only).
  // Production and the alias `champion` keep in step: the version that enters Production becomes
  // champion; when the champion leaves, the newest of those still in Production is, or nobody.
  Result<Version> move(const VersionRef& ref, Stage stage, bool archive_others, const By& by);

  // An empty `value` is a value; nothing removes the tag (absent is fine). version 0: the model.
  Result<void> tag(const VersionRef& ref, const std::string& key,
                   const std::optional<std::string>& value, const By& by);

  // version 0 removes the alias (absent is fine). `champion` keeps in step with Production:
  // pointing it at a version is a promotion, removing it archives the version.
  Result<void> set_alias(const std::string& model, const std::string& alias, std::int64_t version,
                         const By& by);
  // Nothing when the model has no such alias; an unknown model is not_found.
  Result<std::optional<Version>> by_alias(const std::string& model, const std::string& alias) const;

  // In one transaction: the alias `champion` moves to the version, it enters Production, and the
  // champion before it is archived. Repeating it is a no-op.
  Result<Promotion> promote(const VersionRef& ref, const By& by);

  // How the version was made. A version without a run has an empty lineage.
  Result<Lineage> lineage(const Version& version) const;
  // The version's files, ready to be opened, and what its MLmodel file says.
  Result<Package> package(const VersionRef& ref) const;

  History& history();
  const History& history() const;
  Promotions& promotions();

 private:
  friend class Promotions;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::registry
