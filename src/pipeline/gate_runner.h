// SPDX-License-Identifier: Apache-2.0
// What a gate step asks: may this version go on? Answered outside of this room, by the policies.
#pragma once

#include <string>

#include "base/result.h"

namespace slipway::pipeline {

struct GateRequest {
  std::string policy_path;  // of the policy file
  std::string model;
  std::string version;   // empty: the newest
  std::string endpoint;  // empty: none
  std::string execution;
  std::string step;
};

struct GateVerdict {
  bool allowed = false;
  std::string decision;  // its id
  std::string reason;    // one line
  std::string text;      // every rule with what was wanted and found, for the step's log
};

// Thread-safe; may take its time.
class GateRunner {
 public:
  virtual ~GateRunner() = default;
  // An error means that the question could not be answered: the step fails and may be retried.
  virtual Result<GateVerdict> check(const GateRequest& request) = 0;
};

}  // namespace slipway::pipeline
