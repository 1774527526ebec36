// SPDX-License-Identifier: Apache-2.0
// Scorers of an experiment, by name, in versions. They are kept, not run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::evaluation {

struct Parts;

struct Scorer {
  std::string id;
  std::string experiment;
  std::string name;
  std::int64_t version = 0;  // from 1
  std::string serialized;    // JSON
  Timestamp created;
};

class Scorers {
 public:
  explicit Scorers(const Parts& parts) : parts_(parts) {}

  // A next version. `serialized` is a JSON object; one that carries code to be run is refused.
  Result<Scorer> add(const std::string& experiment, const std::string& name,
                     const std::string& serialized);
  // The newest version of each, by name.
  Result<std::vector<Scorer>> list(const std::string& experiment) const;
  // The same for all of these (empty: for all there are), by experiment and name.
  Result<std::vector<Scorer>> list_of(const std::vector<std::string>& experiments) const;
  Result<std::vector<Scorer>> versions(const std::string& experiment,
                                       const std::string& name) const;
  // Nothing: the newest.
  Result<Scorer> get(const std::string& experiment, const std::string& name,
                     std::optional<std::int64_t> version) const;
  // Nothing: all of them.
  Result<void> remove(const std::string& experiment, const std::string& name,
                      std::optional<std::int64_t> version);

 private:
  const Parts& parts_;
};

}  // namespace slipway::evaluation
