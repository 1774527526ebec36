// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct ListArtifacts {
  std::string run_id;
  std::string run_uuid;
  std::string path;
};
BOOST_DESCRIBE_STRUCT(ListArtifacts, (), (run_id, run_uuid, path))

struct ListModelArtifacts {
  std::string artifact_directory_path;
};
BOOST_DESCRIBE_STRUCT(ListModelArtifacts, (), (artifact_directory_path))

}  // namespace slipway::wire::mlflow
