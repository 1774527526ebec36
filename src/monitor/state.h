// SPDX-License-Identifier: Apache-2.0
// Pieces of the monitor's state.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "chunk.h"
#include "monitor/alerts.h"
#include "monitor/outliers.h"
#include "monitor/types.h"
#include "quality.h"

namespace slipway::meter {
class Counter;
}

namespace slipway::monitor {

// Labelled predictions since the last quality window of a version.
struct QualityState {
  std::vector<Outcome> outcomes;
  std::int64_t last_seq = 0;  // of the newest that was counted, in this window or one before
};

struct OpenChunk {
  Chunk chunk;
  std::int64_t opened_ns = 0;
};

// How many windows in a row were red or green, of one version.
struct Streak {
  std::int64_t red = 0;
  std::int64_t green = 0;
  Timestamp red_since;         // 0: it is not red
  bool raised = false;         // its alert was opened
  std::optional<Cause> cause;  // of the last red window, of this process
};

// When each was last judged, by the monotonic clock.
struct JudgedAt {
  std::int64_t business_ns = 0;
  std::int64_t pending_ns = 0;
  std::int64_t load_ns = 0;
};

// Requests of an endpoint since a window of load began.
struct Load {
  std::int64_t began_ns = 0;  // 0: nothing was seen yet
  LoadSeen last;
  std::int64_t requests = 0;
  std::int64_t refused = 0;
};

// Of the rows of one version that are measured against its reference.
struct OutlierCounts {
  std::shared_ptr<const Schema> schema;
  std::shared_ptr<const OutlierModel> model;
  std::int64_t look_again_ns = 0;
  meter::Counter* scored = nullptr;
  meter::Counter* outliers = nullptr;
};

}  // namespace slipway::monitor
