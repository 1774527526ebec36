// SPDX-License-Identifier: Apache-2.0
// A file of predictions with what was true, as `slipway evaluate` needs it: classes and groups as
// numbers, 4 to 8 bytes a row and column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "columns.h"

namespace slipway::cli {

struct JudgedColumns {
  std::string target;
  std::string prediction;
  std::vector<std::string> probabilities;
  std::vector<std::string> groups;
};

// How labels read in JSON: as numbers or flags when both columns hold those.
enum class LabelKind { text, number, flag };

struct JudgedRows {
  // Classification: positions in `labels`.
  std::vector<std::size_t> truth;
  std::vector<std::size_t> predicted;
  std::vector<std::string> labels;  // ascending, numbers by value
  LabelKind label_kind = LabelKind::text;
  // Regression.
  std::vector<double> true_values;
  std::vector<double> predicted_values;

  std::vector<std::vector<double>> probabilities;  // a column each
  std::vector<std::size_t> group;                  // positions in `groups`; empty without any
  std::vector<std::string> groups;                 // several columns: "UA, EWR"; ascending
  std::int64_t skipped = 0;                        // a value was missing
};

Result<JudgedRows> read_classes(const Table& table, const JudgedColumns& columns);
Result<JudgedRows> read_values(const Table& table, const JudgedColumns& columns);

}  // namespace slipway::cli
