// SPDX-License-Identifier: Apache-2.0
// Addresses at which other systems start a pipeline: once for an alert, however often they tell of
// it, and not more than one in a cool-down.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/seal.h"

namespace slipway::store {
class Database;
}

namespace slipway::pipeline {

class Executions;

struct Hook {
  std::string name;
  std::string pipeline;                       // a registered name, or the path of a file
  std::string params = "{}";                  // a JSON object
  std::map<std::string, std::string> labels;  // that an alert must have
  std::int64_t cooldown_s = 3600;
  std::string created_by;
  Timestamp created;
};

// An alert that is firing.
struct Fired {
  std::string key;  // the same however often it is told: what fired, and since when
  std::map<std::string, std::string> labels;
};

struct HookOutcome {
  std::string key;
  std::string execution_id;  // empty: none
  std::string note;          // why none was started now
  bool started = false;      // by this call
};

// Thread-safe.
class Hooks {
 public:
  // Without `seal` secrets are kept as they are.
  Hooks(store::Database& db, Executions& executions, Clock& clock, std::optional<Seal> seal);
  ~Hooks();

  // Replaces one of the name. An empty secret: one is made. Answers the secret, which is told
  // never again.
  Result<std::string> put(const Hook& hook, const std::string& secret);
  Result<Hook> get(const std::string& name) const;
  Result<std::vector<Hook>> list() const;
  Result<void> remove(const std::string& name);
  // What whoever calls must know.
  Result<std::string> secret(const std::string& name) const;

  // What is answered as started is durable. An error means that it must be told again.
  Result<std::vector<HookOutcome>> fire(const std::string& name, const std::string& kind,
                                        const std::vector<Fired>& fired);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::pipeline
