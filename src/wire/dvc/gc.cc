// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "objects.h"
#include "remotes.h"

namespace slipway::wire::dvc {
namespace {

// Manifests go before what they name: one that is there says that its files are.
void manifests_first(std::vector<data::ObjectId>& ids) {
  std::stable_partition(ids.begin(), ids.end(),
                        [](const data::ObjectId& id) { return id.manifest; });
}

std::vector<data::ObjectId> unused(const std::vector<data::ObjectId>& all, const Objects& used) {
  std::vector<data::ObjectId> out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out),
               [&](const data::ObjectId& id) { return !used.contains(id); });
  manifests_first(out);
  return out;
}

// Without its manifest nobody knows which objects a folder uses: they may not be taken for unused.
Result<void> bring_manifests(Repository& repository, const std::vector<Wanted>& wanted,
                             data::ObjectStore* store) {
  std::set<data::ObjectId> unknown;
  SW_CHECK_OK(objects_of(repository, wanted, &unknown));
  for (const auto& id : unknown) {
    if (store == nullptr) continue;
    const auto brought = repository.cache().receive(
        id, [&](const std::string& path) { return store->get(id, path); });
    if (!brought && brought.error().code != Code::not_found) return brought.error();
  }
  return {};
}

}  // namespace

Result<Collected> collect(const Common& common, const CollectOptions& options) {
  SW_TRY(const auto repository, Repository::open(common));
  SW_TRY(const auto lock, repository->lock());
  // What cannot be read may need objects: nothing is removed before it is clear what stays.
  SW_TRY(const auto wanted, wanted_outputs(*repository, common.folder, {}, options.keep));
  OpenRemote remote;
  if (options.cloud) {
    SW_TRY(remote, open_remote(*repository, common, options.keep.remote));
  }
  SW_CHECK_OK(bring_manifests(*repository, wanted, remote.store.get()));
  std::set<data::ObjectId> unknown;
  SW_TRY(const auto used, objects_of(*repository, wanted, &unknown));
  if (options.cloud && !unknown.empty()) {
    return precondition("the manifest " + unknown.begin()->text() +
                            " is neither in the cache nor in the remote: what its folder uses is "
                            "not known",
                        "fetch or add that folder first, or collect the cache alone");
  }
  Collected out;
  SW_TRY(const auto cached, repository->cache().all());
  for (const auto& id : unused(cached, used)) {
    out.cache.push_back(repository->cache().path_of(id));
    if (!options.dry) SW_CHECK_OK(repository->cache().remove(id));
  }
  if (!options.dry) repository->cache().drop_leftovers();
  if (!options.cloud) return out;
  SW_TRY(const auto shared, remote.store->all());
  const auto gone = unused(shared, used);
  for (const auto& id : gone) out.remote.push_back(remote.store->address_of(id));
  if (!options.dry) SW_CHECK_OK(remote.store->remove(gone));
  return out;
}

}  // namespace slipway::wire::dvc
