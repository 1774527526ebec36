// SPDX-License-Identifier: Apache-2.0
// The registry's tables as structs. All of it runs inside the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "registry/types.h"
#include "search_sql.h"
#include "store/database.h"

namespace slipway::registry {

struct ModelRow {
  std::string id;
  Model model;  // without `latest`, tags, aliases
  std::int64_t last_version = 0;
};

struct VersionRow {
  std::string model_id;
  Version version;
};

const Searchable& searchable_models();
const Searchable& searchable_versions();

// not_found when there is none of that name.
Result<ModelRow> find_model(store::Connection& db, const std::string& name);
// Rows of "FROM registry_model m <rest>", complete with tags, aliases and latest versions.
Result<std::vector<Model>> load_models(store::Connection& db, const std::string& rest,
                                       const store::Cells& cells);
Result<void> insert_model(store::Connection& db, const ModelRow& row);
Result<void> touch_model(store::Connection& db, const std::string& id, Timestamp now);

// Never a removed one; not_found when there is no such version (or model).
Result<VersionRow> find_version(store::Connection& db, const VersionRef& ref);
// Rows of "FROM registry_version v JOIN registry_model m <rest>", complete with tags and aliases.
Result<std::vector<VersionRow>> load_versions(store::Connection& db, const std::string& rest,
                                              const store::Cells& cells);
Result<void> insert_version(store::Connection& db, const VersionRow& row);
Result<void> set_stage(store::Connection& db, const VersionRow& row, Stage stage, Timestamp now);

Result<std::optional<std::int64_t>> find_alias(store::Connection& db, const std::string& model_id,
                                               const std::string& alias);
// Nothing removes it.
Result<void> put_alias(store::Connection& db, const std::string& model_id, const std::string& alias,
                       std::optional<std::int64_t> version);
// version 0: the model's own. Nothing removes it. Answers what was there before.
Result<std::optional<std::string>> put_tag(store::Connection& db, const std::string& model_id,
                                           std::int64_t version, const std::string& key,
                                           const std::optional<std::string>& value);

}  // namespace slipway::registry
