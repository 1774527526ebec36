// SPDX-License-Identifier: Apache-2.0
// Pieces of the monitor's state.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "chunk.h"
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
