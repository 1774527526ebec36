// SPDX-License-Identifier: Apache-2.0
// How much each feature moved a prediction away from the average: exact SHAP values of trees
// (Lundberg, Erion, Lee: "Consistent Individualized Feature Attribution for Tree Ensembles", 2018,
// algorithm 2; the weights of training rows stand for the distribution).
#pragma once

#include <vector>

#include "forest.h"

namespace slipway::drivers::trees {

// Adds to out[output * features + feature] for one row; `base` to base[output], which is the
// average over the training rows. A forest that does not know its weights, or a tree deeper than
// 512, is an error.
template <class T>
Result<void> check_explainable(const Forest<T>& forest);
template <class T>
void add_contributions(const Forest<T>& forest, const T* row, double* out);
template <class T>
std::vector<double> expected_values(const Forest<T>& forest);

extern template Result<void> check_explainable(const Forest<float>&);
extern template Result<void> check_explainable(const Forest<double>&);
extern template void add_contributions(const Forest<float>&, const float*, double*);
extern template void add_contributions(const Forest<double>&, const double*, double*);
extern template std::vector<double> expected_values(const Forest<float>&);
extern template std::vector<double> expected_values(const Forest<double>&);

}  // namespace slipway::drivers::trees
