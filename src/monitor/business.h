// SPDX-License-Identifier: Apache-2.0
// What came of predictions for the business: conversions, revenue, whatever the caller counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace slipway::monitor {

struct BusinessEvent {
  std::string request_id;  // of the request, or of a row of it
  std::string event;       // "conversion"
  std::string id;          // makes it unique; empty: one of the kind a request
  double value = 1;
  std::optional<Timestamp> at;  // nothing: now
};

struct BusinessAnswer {
  std::int64_t accepted = 0;  // new, and the version that answered is known
  std::int64_t waiting = 0;   // new, and the prediction is not stored (yet)
  std::int64_t repeated = 0;  // known already; the first stays
};

// Sums over requests, each with all its events of the kind.
struct BusinessSums {
  std::string event;
  std::int64_t events = 0;
  std::int64_t requests = 0;  // that had any
  double value = 0;
  double squares = 0;  // of the requests' values
};

struct BusinessOfVersion {
  std::string model;
  std::string version;
  std::int64_t predictions = 0;  // recorded ones
  std::vector<BusinessSums> events;
};

}  // namespace slipway::monitor
