// SPDX-License-Identifier: Apache-2.0
// Silences: hours in which alerts are opened and kept as ever, and nobody is told. What is still
// open when a silence ends is told then; what opened and closed within it never is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "domain/types.h"
#include "monitor/types.h"

namespace slipway::store {
class Connection;
class Database;
}  // namespace slipway::store

namespace slipway::monitor {

struct Silence {
  std::string id;
  std::string endpoint;           // empty: any
  std::optional<AlertKind> kind;  // empty: any
  Timestamp starts;
  Timestamp ends;
  std::string created_by;
  std::string reason;
};

std::string silence_json(const Silence& silence);
// {"endpoint", "kind", "starts", "ends" or "minutes", "reason"}: begins now unless it says when,
// lasts at most 90 days. invalid_argument names the field.
Result<Silence> silence_from_json(std::string_view document, Timestamp now);

// Thread-safe.
class Silences {
 public:
  Silences(store::Database& db, Clock& clock, Ids& ids) : db_(db), clock_(clock), ids_(ids) {}

  Result<Silence> add(Silence silence, const std::string& by);
  // Those that are not over, the one that ends first in front.
  Result<Page<Silence>> list(const PageRequest& page) const;
  // It ends now; one that is over is not_found.
  Result<Silence> end(const std::string& id);

 private:
  store::Database& db_;
  Clock& clock_;
  Ids& ids_;
};

// Is nobody told of such an alert now?
Result<bool> is_silent(store::Connection& c, const Alert& alert, Timestamp now);

}  // namespace slipway::monitor
