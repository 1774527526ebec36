// SPDX-License-Identifier: Apache-2.0
// Do texts say something else than before? A classifier is taught to tell both sides apart on one
// half of the texts and asked about the other: what it gets right is the difference.
//
// Words are weighted by TF-IDF (sublinear counts; no English stop words, none that is in over half
// of the texts); the classifier is linear with the modified Huber loss, learnt by stochastic
// gradient descent with an L1 penalty (Tsuruoka, Tsujii, Ananiadou, "Stochastic gradient descent
// training for L1-regularized log-linear models with cumulative penalty", 2009). All choices, the
// order of rows too, are those of Evidently's calls of scikit-learn, so that scores are equal.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace slipway::stats {

struct TextDrift {
  std::string error;                         // why there is no answer; empty
  double roc_auc = 0;                        // on the half that was not learnt from
  std::vector<int> labels;                   // of that half: 1 is the current side
  std::vector<std::string> reference_words;  // the most telling, at most ten a side
  std::vector<std::string> current_words;
};

TextDrift text_drift(std::span<const std::string> reference, std::span<const std::string> current);

// What `share` of 1,000 random classifiers stay below on these rows; of more than 5,000 rows the
// quantile of the law that they follow.
double random_auc(std::span<const int> labels, double share);

}  // namespace slipway::stats
