// SPDX-License-Identifier: Apache-2.0
// What the registry keeps: models, their versions, and the record of every change to them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/filter.h"
#include "domain/types.h"

namespace slipway::registry {

enum class Stage { none, staging, production, archived };
std::string_view name_of(Stage stage);                // "None", "Staging", "Production", "Archived"
Result<Stage> parse_stage(std::string_view name);     // any case
inline constexpr const char* kChampion = "champion";  // the alias of the version in production

struct VersionRef {
  std::string model;
  std::int64_t version = 0;
  bool operator==(const VersionRef&) const = default;
};

struct Alias {
  std::string alias;
  std::int64_t version = 0;
};

// An immutable package; only its description, stage, tags and aliases ever change.
struct Version {
  std::string model;
  std::int64_t version = 0;
  Timestamp created;
  Timestamp updated;
  std::optional<std::string> description;
  Stage stage = Stage::none;
  std::string source;    // as the client gave it: runs:/.., models:/m-.., mlflow-artifacts:/..
  std::string location;  // where the files are: `source` resolved when the version was made
  std::string run_id;    // the run that it stems from; may be empty
  std::string run_link;
  std::string logged_model_id;  // "m-.."; may be empty
  std::vector<Tag> tags;
  std::vector<std::string> aliases;

  VersionRef ref() const { return {model, version}; }
};

struct Model {
  std::string name;
  Timestamp created;
  Timestamp updated;
  std::string description;
  std::vector<Tag> tags;
  std::vector<Alias> aliases;
  std::vector<Version> latest;  // the newest version of each stage that has one
};

struct NewVersion {
  std::string model;
  std::string source;
  std::string run_id;
  std::string run_link;
  std::string logged_model_id;
  std::optional<std::string> description;
  std::vector<Tag> tags;
  // A prompt's source is a placeholder: nothing to resolve, nothing to validate.
  bool without_files = false;
};

// Who changes something, and why; goes into the history.
struct By {
  std::string actor = "anonymous";
  std::string reason;
  bool cleared = false;  // what protects the model was satisfied already (see promotions.h)
};

struct Search {
  Filter filter;
  std::vector<OrderBy> order;
  PageRequest page;
};

// One entry of the history. `hash` is sha256 over the previous entry's hash and this entry, so that
// an edit of any entry breaks the chain from there on.
struct Change {
  std::int64_t sequence = 0;
  Timestamp at;
  std::string actor;
  std::string action;        // "alias.set", "stage.set", "version.created", "rollout.promoted", ..
  std::string model;         // its name at the time
  std::int64_t version = 0;  // 0: about the model as a whole
  std::string from;
  std::string to;
  std::string reason;
  std::string previous_hash;
  std::string hash;
};

struct ChainReport {
  std::int64_t entries = 0;
  std::string head;                       // hash of the newest entry
  std::optional<std::int64_t> broken_at;  // sequence of the first entry that does not fit
  std::string detail;
};

struct DatasetRef {
  std::string name;
  std::string digest;
  std::string context;  // "training", ..
  std::string source;   // where it was read from, as the client told it
};

// From a version back to how it was made. Everything may be empty: a version need not have a run.
struct Lineage {
  std::string run_id;
  std::string run_name;
  std::string experiment_id;
  std::string git_commit;
  std::string git_branch;
  std::string git_repository;
  std::string entry_point;  // the script or notebook
  std::string user;
  std::optional<Timestamp> started;  // of the run: the training time is what lies between
  std::optional<Timestamp> ended;
  std::vector<DatasetRef> datasets;
  std::map<std::string, std::string> params;
  std::map<std::string, double> metrics;        // latest values
  std::map<std::string, std::string> recorded;  // the run's tags slipway.*: hardware, seeds, ..
  bool run_removed = false;                     // the run was deleted after the version was made
  std::string registered_by;
  std::string registered_because;
};

struct Column {
  std::string name;  // may be empty: unnamed tensor
  std::string type;  // MLflow's word: "double", "long", "string", "boolean", "float32", ..
  bool required = true;
  std::vector<std::int64_t> shape;  // tensors only; -1 is any
};

struct Signature {
  std::vector<Column> inputs;
  std::vector<Column> outputs;
  std::vector<Column> params;
};

struct Flavor {
  std::string name;                           // "onnx", "sklearn", "python_function"
  std::map<std::string, std::string> values;  // its scalar settings: {"data": "model.onnx"}
};

// What the MLmodel file of a model folder says.
struct ModelFile {
  std::vector<Flavor> flavors;
  std::optional<Signature> signature;
  std::string run_id;
  std::string model_id;
  std::string made_with;  // MLflow's version
  std::string artifact_path;

  const Flavor* flavor(std::string_view name) const;
};

// What a version needs to run, as the files beside it say.
struct Environment {
  std::string python;                     // "3.11.2"
  std::vector<std::string> requirements;  // lines of requirements.txt
  std::string conda;                      // conda.yaml as it is
};

// A version as files that a runtime can open. The folder stays until the version's files are
// removed from the store.
struct Package {
  VersionRef ref;
  std::string folder;     // absolute path
  std::string onnx_file;  // absolute path of the graph; empty when this is no ONNX model
  ModelFile facts;
  Environment environment;
};

}  // namespace slipway::registry
