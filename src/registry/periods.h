// SPDX-License-Identifier: Apache-2.0
// What stood where at any time, told by the history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace slipway::registry {

// A stretch of time; both ends belong to it.
struct Span {
  Timestamp from;
  Timestamp to;
};
// "2026-03-03" is that whole day (UTC), "2026-03-03T12:00:00Z" that moment.
Result<Span> parse_span(std::string_view text);

// A version held an alias, or was in a stage, from `since` until before `until`.
struct Period {
  enum class Kind { alias, stage } kind = Kind::alias;
  std::string model;
  std::string name;  // "champion", "Production"
  std::int64_t version = 0;
  Timestamp since;
  std::optional<Timestamp> until;  // nothing: it still does
  std::string actor;               // who put it there
  std::string reason;

  bool within(const Span& span) const;
};

struct Change;
// From entries in order, oldest first, of one model (its id, whatever its names).
std::vector<Period> periods_of(const std::vector<Change>& changes);

}  // namespace slipway::registry
