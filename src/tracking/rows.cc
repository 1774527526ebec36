// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <cmath>
#include <limits>

#include "base/ids.h"
#include "base/text.h"

namespace slipway::tracking {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();

struct FoundRun {
  RunKey key;
  bool active = false;
};

Result<FoundRun> look_up(store::Connection& db, const RunId& id) {
  SW_TRY(const auto found,
         db.first("SELECT id, experiment, state FROM runs WHERE uuid = ?", {id.str()},
                  [](const store::Row& row) {
                    return FoundRun{{row.int64(0), row.int64(1)}, row.int64(2) == 0};
                  }));
  if (!found) return no_run(id);
  return *found;
}

}  // namespace

Error no_experiment(const ExperimentId& id) {
  return not_found("no experiment with id '" + id.str() + "'");
}

Result<std::int64_t> number_of(const ExperimentId& id) {
  const auto number = parse_int(id.str());
  if (!number) {
    return invalid("invalid experiment id '" + id.str() + "'", "it must be a valid integer");
  }
  if (*number < 0) return no_experiment(id);
  return *number;
}

Error deleted_experiment(const ExperimentId& id) {
  return precondition("experiment '" + id.str() + "' is deleted", "restore it first");
}

Error no_run(const RunId& id) {
  return not_found("no run with id '" + id.str() + "'");
}

Error deleted_run(const RunId& id) {
  return precondition("run '" + id.str() + "' is deleted", "restore it first");
}

Result<RunKey> find_run(store::Connection& db, const RunId& id) {
  SW_TRY(const auto found, look_up(db, id));
  return found.key;
}

Result<RunKey> find_active_run(store::Connection& db, const RunId& id) {
  SW_TRY(const auto found, look_up(db, id));
  if (!found.active) return deleted_run(id);
  return found.key;
}

Stored to_stored(double value) {
  if (std::isnan(value)) return {0, 1};
  if (std::isinf(value)) return value > 0 ? Stored{kLargest, 2} : Stored{-kLargest, 3};
  return {value, 0};
}

double from_stored(double value, std::int64_t kind) {
  switch (kind) {
    case 1:
      return std::numeric_limits<double>::quiet_NaN();
    case 2:
      return std::numeric_limits<double>::infinity();
    case 3:
      return -std::numeric_limits<double>::infinity();
    default:
      return value;
  }
}

std::string_view states_of(View view) {
  switch (view) {
    case View::active:
      return " IN (0)";
    case View::deleted:
      return " IN (1)";
    case View::all:
      return " IN (0,1)";
  }
  return " IN (0)";
}

std::string placeholders(store::Cells& ids) {
  SW_ASSERT(!ids.empty());
  std::size_t size = 1;
  while (size < ids.size()) size *= 4;
  ids.resize(size, ids.back());
  std::string out = "?";
  for (std::size_t i = 1; i < size; ++i) out += ",?";
  return out;
}

std::string offset_token(std::size_t offset) {
  return to_base64("{\"offset\": " + std::to_string(offset) + "}");
}

Result<std::size_t> offset_of(std::string_view token) {
  if (token.empty()) return std::size_t{0};
  const auto decoded = from_base64(token);
  constexpr std::string_view kStart = "{\"offset\": ";
  if (decoded && decoded->starts_with(kStart) && decoded->ends_with('}')) {
    const auto digits = std::string_view(*decoded).substr(kStart.size());
    const auto offset = parse_int(digits.substr(0, digits.size() - 1));
    if (offset && *offset >= 0) return static_cast<std::size_t>(*offset);
  }
  return invalid("invalid page token '" + std::string(token.substr(0, 100)) + "'",
                 "pass the token of the page before, unchanged");
}

std::string made_up_name() {
  static constexpr std::string_view kFirst[] = {
      "amber", "brave",  "brisk",  "calm",   "clear",   "coastal", "deep",   "eager",
      "early", "fleet",  "gentle", "grand",  "hardy",   "keen",    "lively", "lucky",
      "merry", "mighty", "nimble", "noble",  "patient", "proud",   "quick",  "quiet",
      "rapid", "salty",  "silver", "steady", "stout",   "swift",   "tidal",  "windy"};
  static constexpr std::string_view kSecond[] = {
      "albatross", "anchor", "barge",  "beacon",  "brig",    "buoy",   "clipper", "coral",
      "cutter",    "dory",   "eel",    "ferry",   "frigate", "gannet", "gull",    "harbor",
      "heron",     "keel",   "ketch",  "lantern", "mast",    "otter",  "pelican", "petrel",
      "pilot",     "reef",   "rudder", "seal",    "skiff",   "sloop",  "tern",    "yawl"};
  const auto bits = random_u64();
  std::string out(kFirst[bits % std::size(kFirst)]);
  (out += '-') += kSecond[(bits >> 8) % std::size(kSecond)];
  return (out += '-') += std::to_string((bits >> 16) % 1000);
}

}  // namespace slipway::tracking
