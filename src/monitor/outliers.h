// SPDX-License-Identifier: Apache-2.0
// How unusual single rows are, measured against the rows that a version was trained on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "monitor/profile.h"
#include "monitor/types.h"
#include "stats/mahalanobis.h"

namespace slipway::monitor {

struct RowScore {
  double distance = 0;  // Mahalanobis' distance over the numbers of the row
  double p_value = 1;   // the share of the reference that is as far away, see stats/mahalanobis.h
};

// For rows whose values have these names; columns that only one side has say nothing.
class OutlierModel {
 public:
  static Result<std::shared_ptr<const OutlierModel>> of(const Profile& profile,
                                                        const std::vector<Field>& fields);
  RowScore score(const std::vector<Value>& row) const;
  // The same, of the values at these places of a row.
  const std::vector<std::size_t>& places() const { return places_; }
  RowScore score(const std::vector<double>& at_places) const;

 private:
  OutlierModel(stats::Mahalanobis model, std::vector<std::size_t> places)
      : model_(std::move(model)), places_(std::move(places)) {}

  const stats::Mahalanobis model_;
  const std::vector<std::size_t> places_;  // of the model's columns in a row
};

}  // namespace slipway::monitor
