// SPDX-License-Identifier: Apache-2.0
// Registered models and model versions as MLflow spells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "messages.h"

namespace slipway::wire::mlflow {

struct ModelVersion {
  std::string name;
  std::string version;
  std::int64_t creation_timestamp = 0;
  std::int64_t last_updated_timestamp = 0;
  std::optional<std::string> description;
  std::string current_stage;
  std::string source;
  std::string run_id;
  std::string status = "READY";
  std::string run_link;
  std::vector<KeyValue> tags;
  std::vector<std::string> aliases;
};
BOOST_DESCRIBE_STRUCT(ModelVersion, (),
                      (name, version, creation_timestamp, last_updated_timestamp, description,
                       current_stage, source, run_id, status, run_link, tags, aliases))

struct AliasEntry {
  std::string alias;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(AliasEntry, (), (alias, version))

struct RegisteredModel {
  std::string name;
  std::int64_t creation_timestamp = 0;
  std::int64_t last_updated_timestamp = 0;
  std::optional<std::string> description;
  std::vector<ModelVersion> latest_versions;
  std::vector<KeyValue> tags;
  std::vector<AliasEntry> aliases;
};
BOOST_DESCRIBE_STRUCT(RegisteredModel, (),
                      (name, creation_timestamp, last_updated_timestamp, description,
                       latest_versions, tags, aliases))

struct RegisteredModelAnswer {
  RegisteredModel registered_model;
};
BOOST_DESCRIBE_STRUCT(RegisteredModelAnswer, (), (registered_model))

struct RegisteredModelPage {
  std::vector<RegisteredModel> registered_models;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(RegisteredModelPage, (), (registered_models, next_page_token))

struct ModelVersionAnswer {
  ModelVersion model_version;
};
BOOST_DESCRIBE_STRUCT(ModelVersionAnswer, (), (model_version))

struct ModelVersionPage {
  std::vector<ModelVersion> model_versions;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(ModelVersionPage, (), (model_versions, next_page_token))

struct DownloadUri {
  std::string artifact_uri;
};
BOOST_DESCRIBE_STRUCT(DownloadUri, (), (artifact_uri))

struct CreateRegisteredModel {
  std::string name;
  std::vector<KeyValue> tags;
  std::string description;
};
BOOST_DESCRIBE_STRUCT(CreateRegisteredModel, (), (name, tags, description))

struct NamedModel {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(NamedModel, (), (name))

struct RenameRegisteredModel {
  std::string name;
  std::string new_name;
};
BOOST_DESCRIBE_STRUCT(RenameRegisteredModel, (), (name, new_name))

struct UpdateRegisteredModel {
  std::string name;
  std::string description;
};
BOOST_DESCRIBE_STRUCT(UpdateRegisteredModel, (), (name, description))

struct RegistrySearch {
  std::string filter;
  std::optional<std::int64_t> max_results;
  std::vector<std::string> order_by;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(RegistrySearch, (), (filter, max_results, order_by, page_token))

struct GetLatestVersions {
  std::string name;
  std::vector<std::string> stages;
};
BOOST_DESCRIBE_STRUCT(GetLatestVersions, (), (name, stages))

// Tags of models and of versions; the version is empty for a model.
struct RegistryTag {
  std::string name;
  std::string version;
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(RegistryTag, (), (name, version, key, value))

struct ModelAlias {
  std::string name;
  std::string alias;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(ModelAlias, (), (name, alias, version))

struct CreateModelVersion {
  std::string name;
  std::string source;
  std::string run_id;
  std::string run_link;
  std::string description;
  std::string model_id;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(CreateModelVersion, (),
                      (name, source, run_id, run_link, description, model_id, tags))

struct NamedVersion {
  std::string name;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(NamedVersion, (), (name, version))

struct UpdateModelVersion {
  std::string name;
  std::string version;
  std::optional<std::string> description;
};
BOOST_DESCRIBE_STRUCT(UpdateModelVersion, (), (name, version, description))

struct TransitionStage {
  std::string name;
  std::string version;
  std::string stage;
  bool archive_existing_versions = false;
};
BOOST_DESCRIBE_STRUCT(TransitionStage, (), (name, version, stage, archive_existing_versions))

}  // namespace slipway::wire::mlflow
