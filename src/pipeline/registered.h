// SPDX-License-Identifier: Apache-2.0
// A pipeline that a server knows by name: its schedule and triggers are active.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"

namespace slipway::pipeline {

struct Registered {
  std::string name;
  std::string yaml;
  std::string folder;
  std::string file;
  std::string schedule;
  std::string timezone;
  std::string drift_endpoint;
  std::string data_path;  // as in the file
  std::string push_branch;
  std::string after_pipeline;
  std::string after_status;
  std::optional<Timestamp> next_fire;
  Timestamp created;
  Timestamp updated;
};

}  // namespace slipway::pipeline
