// SPDX-License-Identifier: Apache-2.0
// JSON of models, their versions and their history. Private to wire/api.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "json/json.h"

namespace slipway::wire::api {

using json::Nullable;

struct ModelJson {
  std::string name;
  std::string description;
  std::string created;
  std::string updated;
  std::map<std::string, std::string> aliases;
  std::map<std::string, std::string> tags;
  Nullable<std::string> latest_version;
};
BOOST_DESCRIBE_STRUCT(ModelJson, (),
                      (name, description, created, updated, aliases, tags, latest_version))

struct ModelListJson {
  std::vector<ModelJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(ModelListJson, (), (items, next_page_token))

struct DatasetJson {
  std::string name;
  std::string digest;
  std::string context;
  std::string source;
};
BOOST_DESCRIBE_STRUCT(DatasetJson, (), (name, digest, context, source))

struct LineageJson {
  std::string run_id;
  std::string run_name;
  std::string experiment_id;
  std::string git_commit;
  std::string git_branch;
  std::string git_repository;
  std::string entry_point;
  std::string user;
  bool run_removed = false;
  Nullable<std::string> started;
  Nullable<std::string> ended;
  Nullable<double> training_seconds;
  Nullable<std::string> data_hash;
  std::vector<DatasetJson> datasets;
  std::map<std::string, std::string> params;
  std::map<std::string, double> metrics;
  std::map<std::string, std::string> recorded;
};
BOOST_DESCRIBE_STRUCT(LineageJson, (),
                      (run_id, run_name, experiment_id, git_commit, git_branch, git_repository,
                       entry_point, user, run_removed, started, ended, training_seconds, data_hash,
                       datasets, params, metrics, recorded))

struct ColumnJson {
  std::string name;
  std::string type;
  bool required = true;
  std::vector<std::int64_t> shape;
};
BOOST_DESCRIBE_STRUCT(ColumnJson, (), (name, type, required, shape))

struct SignatureJson {
  std::vector<ColumnJson> inputs;
  std::vector<ColumnJson> outputs;
  std::vector<ColumnJson> params;
};
BOOST_DESCRIBE_STRUCT(SignatureJson, (), (inputs, outputs, params))

struct EnvironmentJson {
  std::string python;
  std::string mlflow;
  std::vector<std::string> requirements;
  std::string conda;
};
BOOST_DESCRIBE_STRUCT(EnvironmentJson, (), (python, mlflow, requirements, conda))

struct VersionJson {
  std::string model;
  std::string version;
  std::string stage;
  std::vector<std::string> aliases;
  Nullable<std::string> description;
  std::string run_id;
  std::string source;
  std::string created;
  std::string updated;
  std::map<std::string, std::string> tags;
  std::optional<LineageJson> lineage;
  Nullable<SignatureJson> signature;
  std::optional<std::vector<std::string>> flavors;
  bool has_reference = false;
  std::optional<EnvironmentJson> environment;
  std::optional<std::string> registered_by;
  std::optional<std::string> registered_because;
};
BOOST_DESCRIBE_STRUCT(VersionJson, (),
                      (model, version, stage, aliases, description, run_id, source, created,
                       updated, tags, lineage, signature, flavors, has_reference, environment,
                       registered_by, registered_because))

struct VersionListJson {
  std::vector<VersionJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(VersionListJson, (), (items, next_page_token))

struct AliasBody {
  json::Raw version;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(AliasBody, (), (version, reason))

struct AliasJson {
  std::string model;
  std::string alias;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(AliasJson, (), (model, alias, version))

struct StageBody {
  std::string stage;
  bool archive_existing = false;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(StageBody, (), (stage, archive_existing, reason))

struct ReasonBody {
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(ReasonBody, (), (reason))

struct ChangeJson {
  std::int64_t sequence = 0;
  std::string at;
  std::string actor;
  std::string action;
  std::string version;
  std::string from;
  std::string to;
  std::string reason;
  std::string hash;
};
BOOST_DESCRIBE_STRUCT(ChangeJson, (),
                      (sequence, at, actor, action, version, from, to, reason, hash))

struct ChangeListJson {
  std::vector<ChangeJson> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(ChangeListJson, (), (items, next_page_token))

struct ChainJson {
  bool valid = false;
  std::int64_t entries = 0;
  std::string head;
  Nullable<std::int64_t> broken_at;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(ChainJson, (), (valid, entries, head, broken_at, detail))

}  // namespace slipway::wire::api
