// SPDX-License-Identifier: Apache-2.0
// Where a version's files are: from the URI that a client gives to a place in the artifact store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::registry {

// What a source URI names. Exactly one of the alternatives is filled.
struct Source {
  enum class Kind {
    run,           // runs:/RUN/PATH
    logged_model,  // models:/m-ID
    version,       // models:/NAME/VERSION, models:/NAME@ALIAS, models:/NAME/latest
    artifact,  // mlflow-artifacts:/PATH, also through http(s)://host/api/2.0/mlflow-artifacts/..
    foreign,   // s3://.. and other stores, kept as they are
  };
  Kind kind = Kind::foreign;
  std::string id;            // run, logged model, or model name
  std::string path;          // run and artifact: the path
  std::string alias;         // version: the alias, when it was named so
  std::int64_t version = 0;  // version: the number; 0 with an empty alias is the latest
};

// A local path, relative segments (also hidden by percent-encoding), a NUL or a URI that names
// nothing are invalid_argument.
Result<Source> parse_source(std::string_view uri);

// Is `path` the folder `root` or below it?
bool is_within(std::string_view path, std::string_view root);

}  // namespace slipway::registry
