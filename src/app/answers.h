// SPDX-License-Identifier: Apache-2.0
// What a version answered to rows whose label is known, and how good that is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/tensor.h"

namespace slipway::app {

// Either numbers or texts, one a row.
struct Truth {
  std::vector<double> numbers;
  std::vector<std::string> texts;

  std::size_t rows() const { return numbers.size() + texts.size(); }
  bool binary() const;                    // all 0 or 1
  std::vector<int> classes() const;       // when binary
  std::string text(std::size_t i) const;  // the name of a class
};

struct Answers {
  std::size_t width = 0;             // of the float output; 0: there is none
  std::vector<double> numbers;       // that output, row by row
  std::vector<std::string> classes;  // of another output with one value a row; maybe empty
};

// A float output of one or two values a row is a score, of more the probabilities of classes 0, 1,
// ..; another output of one value a row is the predicted class.
void add_answers(const serving::Tensors& outputs, std::size_t rows, Answers& out);

// 0 or 1 a row: the class when the version tells it, else whether the score is 0.5 or more.
std::vector<int> binary_answers(const Answers& answers);

// Labels of 0 and 1: accuracy, roc_auc (auc), log_loss. Classes: accuracy, f1_macro, and log_loss
// when the version gives probabilities of classes that are numbers. Else numbers: mae, rmse, r2.
// Definitions are scikit-learn's. An error: the answers are not of the labels' kind.
Result<void> add_quality(const Truth& truth, const Answers& answers,
                         std::map<std::string, double>& metrics);

}  // namespace slipway::app
