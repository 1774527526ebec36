// SPDX-License-Identifier: Apache-2.0
// The trace and log settings of the protocol: kept and reported. They last as long as the process.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway::wire::oip {

// Thread-safe.
class Settings {
 public:
  using Trace = std::map<std::string, std::vector<std::string>>;
  // Nothing: back to the default.
  using TraceChange = std::map<std::string, std::optional<std::vector<std::string>>>;
  using LogValue = std::variant<bool, std::int64_t, std::string>;
  using Log = std::map<std::string, LogValue>;

  Settings();

  // Of one model, or of all when it is empty.
  Trace trace(const std::string& model) const;
  Result<Trace> change_trace(const std::string& model, const TraceChange& change);
  Log log() const;
  Result<Log> change_log(const Log& change);

 private:
  mutable std::mutex mutex_;
  Trace trace_;
  std::map<std::string, Trace> by_model_;  // what differs
  Log log_;
};

}  // namespace slipway::wire::oip
