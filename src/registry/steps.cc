// SPDX-License-Identifier: Apache-2.0
// The small steps that changes of stage and alias are made of. All of it runs inside the caller's
// transaction, with an entry in the history for each.
#include "impl.h"
#include "rows.h"

namespace slipway::registry {
namespace {

using store::Connection;

std::string stage_text(Stage stage) {
  return std::string(name_of(stage));
}

}  // namespace

Result<void> Registry::Impl::change_stage(Connection& db, const VersionRow& row, Stage stage,
                                          Timestamp now, const By& by) const {
  SW_CHECK_OK(set_stage(db, row, stage, now));
  SW_CHECK_OK(touch_model(db, row.model_id, now));
  if (row.version.stage == stage) return {};
  return history.append(
      db, row.model_id,
      change("stage.set", row.version.ref(), stage_text(row.version.stage), stage_text(stage), by));
}

Result<void> Registry::Impl::change_alias(Connection& db, const VersionRow& row,
                                          const std::string& alias,
                                          std::optional<std::int64_t> before, std::int64_t version,
                                          const By& by) const {
  if (before.value_or(0) == version) return {};
  SW_CHECK_OK(
      put_alias(db, row.model_id, alias, version == 0 ? std::nullopt : std::optional(version)));
  SW_CHECK_OK(tell_alias(db, row.model_id, alias, {row.version.model, version}));
  const auto text = [&](std::int64_t v) {
    return v == 0 ? std::string() : alias + "=" + std::to_string(v);
  };
  return history.append(db, row.model_id,
                        change(version == 0 ? "alias.removed" : "alias.set",
                               {row.version.model, version == 0 ? *before : version},
                               text(before.value_or(0)), text(version), by));
}

Result<void> Registry::Impl::archive_all_but(Connection& db, const VersionRow& kept, Stage stage,
                                             Timestamp now, const By& by) const {
  SW_TRY(
      const auto others,
      load_versions(db, "WHERE v.model_id = ? AND v.version <> ? AND v.stage = ? AND v.removed = 0",
                    {kept.model_id, kept.version.version, stage_text(stage)}));
  for (const auto& other : others) {
    SW_CHECK_OK(change_stage(db, other, Stage::archived, now, by));
  }
  return {};
}

Result<Registry::Impl::Moved> Registry::Impl::promote_in(Connection& db, const VersionRow& row,
                                                         const By& by) const {
  const auto now = clock.now();
  const auto ref = row.version.ref();
  Moved out;
  SW_TRY(out.previous, find_alias(db, row.model_id, kChampion));
  out.alias = out.previous != ref.version;
  if (row.version.stage != Stage::production) {
    out.from = row.version.stage;
    SW_CHECK_OK(change_stage(db, row, Stage::production, now, by));
  }
  SW_CHECK_OK(archive_all_but(db, row, Stage::production, now, by));
  SW_CHECK_OK(close_requests(db, row, RequestState::done));
  if (out.previous && out.alias) {
    // The champion before may never have been in Production; it is archived all the same.
    auto old = find_version(db, {ref.model, *out.previous});
    if (old && old->version.stage != Stage::archived) {
      SW_CHECK_OK(change_stage(db, *old, Stage::archived, now, by));
    }
  }
  SW_CHECK_OK(change_alias(db, row, kChampion, out.previous, ref.version, by));
  return out;
}

Result<void> Registry::Impl::pass_on(Connection& db, const VersionRow& row, const By& by) const {
  SW_TRY(const auto next,
         db.first(
             "SELECT version FROM registry_version WHERE model_id = ? AND version <> ? AND "
             "stage = 'Production' AND removed = 0 ORDER BY updated DESC, version DESC LIMIT 1",
             {row.model_id, row.version.version}, [](const store::Row& r) { return r.int64(0); }));
  return change_alias(db, row, kChampion, row.version.version, next.value_or(0), by);
}

Result<void> Registry::Impl::drop_champion(Connection& db, const VersionRow& row,
                                           const By& by) const {
  SW_CHECK_OK(change_alias(db, row, kChampion, row.version.version, 0, by));
  if (row.version.stage != Stage::production) return {};
  return change_stage(db, row, Stage::archived, clock.now(), by);
}

void Registry::Impl::announce(const VersionRef& ref, const Moved& moved, const By& by) const {
  if (moved.alias) publish("model.alias_set", ref, by, {{"alias", kChampion}});
  if (!moved.from) return;
  publish("model.stage_set", ref, by,
          {{"from", stage_text(*moved.from)}, {"to", stage_text(moved.to)}});
}

}  // namespace slipway::registry
