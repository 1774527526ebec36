// SPDX-License-Identifier: Apache-2.0
// What a graph does to values between its models. Tensors of no rows and of any shape are errors,
// never undefined. Private to this room.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "serving/backend.h"
#include "serving/graph_spec.h"

namespace slipway::serving {

// Columns [from, to) along the last axis; [N] has one.
Result<Tensor> columns_of(const Tensor& tensor, std::int64_t from, std::int64_t to);
// Side by side along the last axis; [N] counts as [N,1]. One alone is itself, without a copy.
Result<Tensor> beside(std::span<const Tensor> parts);
// As a model wants it: numbers converted to its floats, [N] as [N,1] and back.
Result<Tensor> fitted(const Tensor& tensor, const TensorSpec& spec);

// These rows, in this order, and back: row i of `part` becomes row rows[i] of `whole`.
Tensor gathered(const Tensor& tensor, const std::vector<std::size_t>& rows);
struct Scattered {
  Tensors parts;
  std::vector<const std::vector<std::size_t>*> rows;  // of each part
  std::int64_t all = 0;
};
Result<Tensor> scattered(const Scattered& from);

Result<Tensor> combined(const GraphFunction& function, std::span<const Tensor> values);
Result<Tensor> applied(const GraphFunction& function, const Tensor& value);

// What the same would come to, as far as it is known before.
Result<TensorSpec> spec_of_combined(const GraphFunction& function,
                                    std::span<const TensorSpec> specs);
Result<TensorSpec> spec_of_applied(const GraphFunction& function, const TensorSpec& spec);

}  // namespace slipway::serving
