// SPDX-License-Identifier: Apache-2.0
// What a filter over runs may name, as SQL: asked of one run, or as the set of runs that match.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "filter_sql.h"
#include "store/database.h"
#include "tracking/types.h"

namespace slipway::tracking {

struct RunAttribute {
  std::string_view name;
  std::string_view column;  // of runs r
  ColumnType type;
  bool integer_order = false;  // ordered by `order_column`, a number
  std::string_view order_column = {};
  // (experiment, state, this ..), for orders; empty: there is none. `start_follows`: it goes on by
  // the start, newest first, and the id.
  std::string_view index = {};
  bool start_follows = false;
};
const RunAttribute* run_attribute(std::string_view name);
Error unknown_run_field(std::string_view entity, std::string_view key);

// Numbers of the metrics that a search names; one that nobody reported has none (-1).
class MetricNumbers {
 public:
  static Result<MetricNumbers> of(store::Connection& db, const Search& search);
  std::string text(const std::string& name) const;
  // Those of them whose last values no index has yet.
  const std::vector<std::int64_t>& not_in_rows() const { return not_in_rows_; }

 private:
  std::map<std::string, std::int64_t> numbers_;
  std::vector<std::int64_t> not_in_rows_;
};

class RunFields {
 public:
  RunFields(store::Dialect dialect, const MetricNumbers& metrics)
      : dialect_(dialect), metrics_(metrics) {}

  store::Dialect dialect() const { return dialect_; }
  std::string metric(const std::string& name) const { return metrics_.text(name); }

  // A condition on the run `r`, read through the primary keys of what hangs on it.
  Result<std::string> probe(const Filter& leaf, store::Cells& parameters) const;
  Result<std::string> where(const Filter& filter, store::Cells& parameters) const;
  // "SELECT <run> .." of all runs that match, through the indexes by value. The leaf is none of
  // IS NULL.
  Result<std::string> set(const Filter& leaf, store::Cells& parameters) const;
  // The condition on `value` (and `kind`) within the rows of its key alone.
  Result<std::string> on_value(const Filter& leaf, store::Cells& parameters) const;

 private:
  Result<std::string> dataset(const Filter& leaf, store::Cells& parameters) const;

  store::Dialect dialect_;
  const MetricNumbers& metrics_;
};

// A leaf that no wire can write: the latest value of the metric is NaN.
inline constexpr std::string_view kNanMetric = "metric is nan";
bool is_pair(std::string_view entity);  // "param" and "tag"

}  // namespace slipway::tracking
