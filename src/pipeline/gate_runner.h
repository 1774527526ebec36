// SPDX-License-Identifier: Apache-2.0
// What gate and check steps ask: may this version, or this data, go on? Answered outside of this
// room, by the policies and the suites of expectations.
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

// What a check step asks: are these rows as they should be?
struct CheckRequest {
  std::string data_path;
  std::string suite_path;
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
  virtual Result<GateVerdict> check(const CheckRequest& request) = 0;
};

}  // namespace slipway::pipeline
