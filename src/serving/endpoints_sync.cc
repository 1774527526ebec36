// SPDX-License-Identifier: Apache-2.0
// Several servers of one store: what another one created, changed or deleted is seen here soon.
#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "endpoints_impl.h"

namespace slipway::serving {
namespace {

std::optional<StoredEndpoint> stored_now(store::Database& db, const std::string& name) {
  auto all = load_endpoints(db);
  if (!all) return std::nullopt;
  for (auto& endpoint : *all) {
    if (endpoint.spec.name == name) return std::move(endpoint);
  }
  return std::nullopt;
}

}  // namespace

void Endpoints::Impl::sync() {
  // An endpoint is stored before it is in the table: who was there before the store was read, and
  // is not in the store, is gone.
  const auto before = all();
  auto stored = load_endpoints(db);
  if (!stored) {
    log::warn("serving.sync_failed", {{"why", stored.error().message}});
    return;
  }
  std::set<std::string> names;
  for (const auto& endpoint : in_order(*std::move(stored))) {
    names.insert(endpoint.spec.name);
    sync_one(endpoint);
  }
  for (const auto& entry : before) {
    if (names.count(entry->state->name) == 0) drop_gone(entry->state->name);
  }
}

void Endpoints::Impl::sync_one(const StoredEndpoint& stored) {
  const auto& name = stored.spec.name;
  const auto entry = find(name);
  if (entry == nullptr) {
    auto fresh = std::make_shared<Entry>();
    fresh->spec = stored.spec;
    fresh->created = stored.created;
    fresh->updated = stored.updated;
    fresh->state = state_of(name);
    auto routing = build(*fresh, fresh->spec, nullptr, true);
    if (!routing) return;
    note_failures(**routing);
    install(*fresh, stored.spec, *std::move(routing), stored.updated);
    {
      const std::scoped_lock lock(mutex);
      // Created here, or about to be.
      if (creating.contains(name) || !entries.emplace(name, fresh).second) return;
    }
    return publish("endpoint.created", name, "system");
  }
  const auto same = [&](const EndpointSpec& spec) {
    const std::scoped_lock lock(mutex);
    return entry->spec == spec;
  };
  if (same(stored.spec)) return;
  const std::scoped_lock change(entry->change);
  if (entry->removed) return;
  // A change from here may have come between: the store is asked again, now that none can.
  const auto now = stored_now(db, name);
  if (!now || same(now->spec)) return;
  auto routing = build(*entry, now->spec, entry->routing.get(), true);
  if (!routing) return;
  note_failures(**routing);
  install(*entry, now->spec, *std::move(routing), now->updated);
  publish("endpoint.changed", name, "system");
}

void Endpoints::Impl::drop_gone(const std::string& name) {
  const auto entry = find(name);
  if (entry == nullptr) return;
  {
    const std::scoped_lock change(entry->change);
    auto all = load_endpoints(db);
    const bool there = !all || std::any_of(all->begin(), all->end(), [&](const auto& endpoint) {
      return endpoint.spec.name == name;
    });
    if (entry->removed || there) return;
    entry->removed = true;
    entry->state->sequences.clear();
    const std::scoped_lock lock(mutex);
    entries.erase(name);
  }
  log.forget(name);
  publish("endpoint.deleted", name, "system");
}

}  // namespace slipway::serving
