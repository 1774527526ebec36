// SPDX-License-Identifier: Apache-2.0
#include "registry/intake.h"

#include <algorithm>

#include "names.h"
#include "rows.h"

namespace slipway::registry {
namespace {

using store::Cell;
using store::Connection;
using store::Row;

Change entry_of(const std::string& action, const VersionRef& ref, Timestamp at, std::string from,
                std::string to, const By& by) {
  return {.at = at,
          .actor = by.actor,
          .action = action,
          .model = ref.model,
          .version = ref.version,
          .from = std::move(from),
          .to = std::move(to),
          .reason = by.reason};
}

// Whatever was touched since, the time of the last change is the one that was given.
Result<void> restore_time(Connection& db, const std::string& id, Timestamp updated,
                          std::int64_t last_version) {
  SW_CHECK_OK(db.exec("UPDATE registry_model SET updated = ?, last_version = ? WHERE id = ?",
                      {updated.ms, last_version, id}));
  return {};
}

}  // namespace

Result<void> Intake::take_model(Connection& db, const Model& model, std::int64_t last_version,
                                const By& by) const {
  SW_CHECK_OK(check_model_name(model.name));
  auto found = find_model(db, model.name);
  std::string id;
  if (found) {
    id = found->id;
    last_version = std::max(last_version, found->last_version);
    SW_CHECK_OK(
        db.exec("UPDATE registry_model SET description = ? WHERE id = ?", {model.description, id}));
  } else if (found.error().code == Code::not_found) {
    id = ids_.sortable();
    SW_CHECK_OK(insert_model(db, {.id = id, .model = model, .last_version = 0}));
    SW_CHECK_OK(history_.append(
        db, id, entry_of("model.created", {model.name, 0}, model.created, "", "", by)));
  } else {
    return found.error();
  }
  for (const auto& tag : model.tags) SW_CHECK_OK(put_tag(db, id, 0, tag.key, tag.value));
  return restore_time(db, id, model.updated, last_version);
}

Result<void> Intake::take_version(Connection& db, const Version& version, const By& by) const {
  if (version.version < 1) {
    return invalid("version " + std::to_string(version.version) + " of model '" + version.model +
                   "' is no version number: they count from 1");
  }
  SW_TRY(const auto model, find_model(db, version.model));
  const auto last = std::max(model.last_version, version.version);
  const auto ref = version.ref();
  auto found = find_version(db, ref);
  if (!found && found.error().code != Code::not_found) return found.error();
  if (found) {
    const auto description = version.description ? Cell(*version.description) : Cell(nullptr);
    SW_CHECK_OK(
        db.exec("UPDATE registry_version SET description = ? WHERE model_id = ? AND version = ?",
                {description, model.id, version.version}));
    if (found->version.stage != version.stage) {
      SW_CHECK_OK(set_stage(db, *found, version.stage, version.updated));
      SW_CHECK_OK(history_.append(
          db, model.id,
          entry_of("stage.set", ref, version.updated, std::string(name_of(found->version.stage)),
                   std::string(name_of(version.stage)), by)));
    }
    for (const auto& tag : version.tags) {
      SW_CHECK_OK(put_tag(db, model.id, version.version, tag.key, tag.value));
    }
  } else {
    SW_TRY(const auto removed,
           db.first("SELECT 1 FROM registry_version WHERE model_id = ? AND version = ?",
                    {model.id, version.version}, [](const Row&) { return true; }));
    if (removed) return {};  // taken in before, and removed here since: it stays removed
    SW_CHECK_OK(insert_version(db, {.model_id = model.id, .version = version}));
    SW_CHECK_OK(history_.append(
        db, model.id, entry_of("version.created", ref, version.created, "", version.source, by)));
    if (version.stage != Stage::none) {
      SW_CHECK_OK(history_.append(db, model.id,
                                  entry_of("stage.set", ref, version.updated, "None",
                                           std::string(name_of(version.stage)), by)));
    }
  }
  return restore_time(db, model.id, model.model.updated, last);
}

Result<void> Intake::take_alias(Connection& db, const VersionRef& ref, const std::string& alias,
                                const By& by) const {
  SW_TRY(const auto row, find_version(db, ref));
  SW_TRY(const auto before, find_alias(db, row.model_id, alias));
  if (before == ref.version) return {};
  SW_CHECK_OK(put_alias(db, row.model_id, alias, ref.version));
  return history_.append(db, row.model_id,
                         entry_of("alias.set", ref, row.version.updated,
                                  before ? alias + "=" + std::to_string(*before) : std::string(),
                                  alias + "=" + std::to_string(ref.version), by));
}

}  // namespace slipway::registry
