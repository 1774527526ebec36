// SPDX-License-Identifier: Apache-2.0
// Why a model that cannot explain itself predicts so: sampled Shapley values.
//
// Features are switched one by one, in random orders, from a row of the background to the row that
// is explained, and each change of the prediction is put down to the feature that was switched.
// Orders come in pairs, one the reverse of the other. Base and contributions add up to the
// prediction exactly, whatever the number of orders; single values get closer with more of them.
#pragma once

#include <cstddef>
#include <vector>

#include "serving/target.h"

namespace slipway::wire::scoring {

constexpr std::size_t kMostExplained = 100;  // rows of a request
constexpr std::size_t kMostFeatures = 512;
constexpr std::size_t kMostBackground = 64;  // rows; more are left out

// `inputs` and `background`: named like the model's inputs. Blocks. The first output of floats is
// explained, else the first of numbers. `orders` is rounded up to a pair; 0: as many as fit into
// about 2,000 predictions a row.
Result<serving::Explanation> explain_by_permutation(const serving::Target& target,
                                                    const serving::Tensors& inputs,
                                                    const serving::Tensors& background,
                                                    std::size_t orders);

}  // namespace slipway::wire::scoring
