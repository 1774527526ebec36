// SPDX-License-Identifier: Apache-2.0
// Live requests against the suite of their endpoint: refused, flagged or let pass, and counted.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "expectation/suite.h"
#include "monitor/types.h"

namespace slipway::store {
class Database;
}
namespace slipway::meter {
class Registry;
}

namespace slipway::monitor {

// Rows of one request as they came, before the model.
struct Asked {
  std::string endpoint;
  std::string model;
  std::string version;
  std::string request_id;
  std::shared_ptr<const std::vector<std::string>> columns;
  std::vector<std::vector<Value>> rows;
};

// A row that broke a rule.
struct BrokenRule {
  Timestamp at;
  std::string request_id;
  std::int64_t row = 0;  // in the request
  std::string rule;
  std::string found;
  expectation::Action action = expectation::Action::flag;
};

struct RuleCount {
  std::string rule;
  int line = 0;
  expectation::Action action = expectation::Action::flag;
  std::int64_t broken = 0;  // rows
};

struct Expected {
  std::string suite;  // YAML
  std::string set_by;
  Timestamp set_at;
  // Since the suite was set or the server started.
  std::int64_t rows = 0;
  std::int64_t broken = 0;         // of those, with a rule broken that does not let pass
  std::int64_t refused = 0;        // requests
  std::vector<RuleCount> rules;    // those that a request can tell
  std::vector<BrokenRule> recent;  // at most 100, newest first
  // Of all servers since the last verdict, also before a restart.
  std::int64_t window_rows = 0;
  std::int64_t window_broken = 0;
  std::optional<Timestamp> window_since;  // nothing: it has not begun
};

// What was seen since the last verdict, for an alert.
struct SeenRows {
  std::string model;
  std::string version;
  std::int64_t rows = 0;
  std::int64_t broken = 0;
  std::string worst;  // the rule that most rows broke
};

// Thread-safe.
class Expectations {
 public:
  Expectations(store::Database& db, Clock& clock, meter::Registry& meters);
  ~Expectations();

  // A suite without a rule that a request can tell is refused.
  Result<void> set(const std::string& endpoint, const std::string& yaml, const std::string& by);
  // not_found when there is none.
  Result<Expected> get(const std::string& endpoint) const;
  Result<void> remove(const std::string& endpoint);
  // Those of the store, which others may have changed.
  Result<void> refresh();

  // Fast where there is no suite.
  bool watches(const std::string& endpoint) const;
  // invalid_argument when a rule refuses the request: none of its rows is answered.
  Result<void> look(const Asked& asked);

  std::vector<std::string> endpoints() const;
  // Adds what this server saw to what all servers of the store have seen; at most a second of it is
  // lost with a process that is killed.
  Result<void> store();
  // What all have seen, taken away, when it is `rows` rows, or when `seconds` have gone by since
  // its first and it is at least `least` rows.
  Result<std::optional<SeenRows>> take(const std::string& endpoint, std::int64_t rows,
                                       std::int64_t seconds, std::int64_t least);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::monitor
