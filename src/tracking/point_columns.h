// SPDX-License-Identifier: Apache-2.0
// Columns of points to bytes and back: whole numbers as differences of differences, values as what
// changed against the one before. docs/formats/metrics.md has the layout byte for byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::tracking {

struct Columns {
  struct Group {
    std::int64_t metric = 0;
    std::size_t points = 0;
  };
  std::vector<Group> groups;  // ascending by metric; their points add up to the columns' length
  std::vector<std::int64_t> at;
  std::vector<std::int64_t> step;
  std::vector<std::int32_t> part;  // of the steps; empty when all are whole
  std::vector<double> value;
};

std::string pack(const Columns& columns);
// Bytes that pack() cannot have made are data_loss.
Result<Columns> unpack(std::string_view block);

}  // namespace slipway::tracking
