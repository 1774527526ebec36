// SPDX-License-Identifier: Apache-2.0
// Ascending values that need not be in memory, and what two such columns have to tell each other:
// the comparisons of drift.h that one walk along both sides answers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "stats/drift.h"

namespace slipway::stats {

// Finite values, ascending. Used by one thread at a time.
class Ordered {
 public:
  virtual ~Ordered() = default;
  virtual std::size_t size() const = 0;
  // Those from `position` on, as many as are at hand and at least one; none at the end. They stay
  // until the next call.
  virtual std::span<const double> from(std::size_t position) const = 0;

  double at(std::size_t position) const { return from(position).front(); }

  // The first position at which the predicate, false before and true after, holds.
  template <class Predicate>
  std::size_t first(Predicate holds) const {
    std::size_t low = 0;
    std::size_t high = size();
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (holds(at(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
};

class InMemory : public Ordered {
 public:
  explicit InMemory(std::span<const double> ascending) : values_(ascending) {}
  std::size_t size() const override { return values_.size(); }
  std::span<const double> from(std::size_t position) const override {
    return values_.subspan(position);
  }

 private:
  std::span<const double> values_;
};

// Ascending, in linear time; `scratch` is memory to be used again.
void sort_numbers(std::vector<double>& values, std::vector<double>& scratch);

// The distinct values, but at most `most` of them.
std::vector<double> distinct_values(const Ordered& values, std::size_t most);
// How many there are on either side, but at most `most`.
std::size_t joined_values(const Ordered& a, const Ordered& b, std::size_t most);

// What compare() and effect_of() answer for two numerical samples, by methods for which streams()
// holds: ks, ed, and the distances. Neither side may be empty.
bool streams(Method method);
ColumnDrift compare(const Ordered& reference, const Ordered& current,
                    Method method = Method::automatic, std::optional<double> threshold = {});

}  // namespace slipway::stats
