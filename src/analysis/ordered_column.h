// SPDX-License-Identifier: Apache-2.0
// The numbers of a column in ascending order, in memory as long as they are few, else in a
// temporary file that has no name: any number of rows takes the same memory.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "stats/ordered.h"

namespace slipway::analysis {

class OrderedColumn : public stats::Ordered {
 public:
  static constexpr std::size_t kInMemory = std::size_t{1} << 20;  // values: 8 MiB

  explicit OrderedColumn(std::size_t expected, std::size_t in_memory = kInMemory);
  ~OrderedColumn() override;
  OrderedColumn(const OrderedColumn&) = delete;
  OrderedColumn& operator=(const OrderedColumn&) = delete;

  // Finite values in any order; then finish() once, and nothing is added any more. `scratch` is
  // memory that several columns share.
  Result<void> add(std::span<const double> values, std::vector<double>& scratch);
  Result<void> finish(std::vector<double>& scratch);

  std::size_t size() const override { return size_; }
  std::span<const double> from(std::size_t position) const override;

  bool in_memory() const { return merged_ < 0; }
  // All of them; what was in memory is moved out.
  std::vector<double> take();

 private:
  Result<void> spill(std::vector<double>& scratch);
  Result<void> merge();

  const std::size_t in_memory_;
  std::size_t size_ = 0;
  std::vector<double> values_;
  int runs_ = -1;    // file of sorted runs of in_memory_ values
  int merged_ = -1;  // file of all
  mutable void* window_ = nullptr;
  mutable std::size_t window_begin_ = 0;
  mutable std::size_t window_size_ = 0;  // values
};

}  // namespace slipway::analysis
