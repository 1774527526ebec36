// SPDX-License-Identifier: Apache-2.0
// The formulas are those of the libraries down to the order of the operations, so that the last
// digit agrees: XGBoost works in float, LightGBM and scikit-learn in double.
#include "model.h"

#include <algorithm>
#include <cmath>

namespace slipway::drivers::trees {
namespace {

float sigmoid(float x, double) {
  constexpr float kLeast = 1e-16F;
  constexpr float kMost = 88.7F;
  return 1.0F / (std::exp(std::min(-x, kMost)) + 1.0F + kLeast);
}

double sigmoid(double x, double slope) {
  return 1.0 / (1.0 + std::exp(-slope * x));
}

template <class T>
void softmax(T* values, std::size_t outputs) {
  const T most = *std::max_element(values, values + outputs);
  double sum = 0;
  for (std::size_t i = 0; i < outputs; ++i) {
    values[i] = std::exp(values[i] - most);
    sum += values[i];
  }
  for (std::size_t i = 0; i < outputs; ++i) values[i] /= static_cast<T>(sum);
}

template <class T>
void apply(const Head& head, T* values, std::size_t outputs) {
  if (head.link == Link::softmax) return softmax(values, outputs);
  for (std::size_t i = 0; i < outputs; ++i) {
    T& x = values[i];
    switch (head.link) {
      case Link::identity:
      case Link::softmax:
        break;
      case Link::sigmoid:
        x = sigmoid(x, head.slope);
        break;
      case Link::exponent:
        x = std::exp(x);
        break;
      case Link::positive:
        x = x > 0 ? T{1} : T{0};
        break;
      case Link::log1p_exp:
        x = std::log1p(std::exp(x));
        break;
      case Link::signed_square:
        x = x < 0 ? -x * x : x * x;
        break;
    }
  }
}

}  // namespace

void apply_link(const Head& head, float* values, std::size_t outputs) {
  apply(head, values, outputs);
}
void apply_link(const Head& head, double* values, std::size_t outputs) {
  apply(head, values, outputs);
}

}  // namespace slipway::drivers::trees
