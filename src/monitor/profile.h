// SPDX-License-Identifier: Apache-2.0
// The reference profile of a version: what its features looked like in training, in bounded space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "monitor/table.h"
#include "monitor/types.h"
#include "stats/boosted.h"
#include "stats/drift.h"
#include "stats/estimate.h"
#include "stats/loss_estimate.h"

namespace slipway::monitor {

struct ProfileColumn {
  std::string name;
  std::int64_t present = 0;
  std::int64_t distinct = 0;
  double min = 0;  // numerical: of all finite values
  double max = 0;
  double mean = 0;
  double std = 0;  // ddof 1
  // At most 10,000 values, drawn evenly at random, and the 1,000 most frequent categories.
  stats::Sample sample;
  std::int64_t other = 0;  // rows of categories beyond those
};

struct Profile {
  std::string model;
  std::string version;
  std::int64_t rows = 0;
  Timestamp created;
  std::vector<ProfileColumn> columns;
  // Whole rows of the columns that are numbers, at most 2,000 and 200,000 values, drawn evenly
  // without those that lack one; one after the other. What single rows are measured against.
  std::vector<std::string> row_columns;
  std::vector<double> row_values;

  // Whole rows of all columns but outcomes, at most 4,000 and 200,000 values of the first 60: where
  // a change is. With a prediction and an outcome, what each of these rows lost; empty without.
  std::vector<stats::Feature> rows_sample;
  std::vector<double> losses;

  // Of a reference with the columns `prediction` and `label` or `target`: how to estimate quality
  // without outcomes. Of 0 and 1 predicted by a probability, what the scores mean; of numbers, the
  // size of the error by the columns named here.
  stats::Calibration calibration;
  std::vector<Field> loss_fields;
  stats::LossModel loss;

  const ProfileColumn* find(std::string_view name) const;
};

// Values go through single precision on both sides of a comparison: models are fed floats, and
// 0.1 must tie with 0.1f.
double single(double x);
// A number as a category: the shortest text that reads back as the same float.
std::string category_of(double x);

Profile profile_of(const Table& table);

std::string pack_profile(const Profile& profile);
Result<Profile> unpack_profile(std::string_view bytes);

// What people are shown: counts, moments, quantiles and a histogram, not the sample.
std::string profile_json(const Profile& profile);

}  // namespace slipway::monitor
