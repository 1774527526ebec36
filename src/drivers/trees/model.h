// SPDX-License-Identifier: Apache-2.0
// A forest with what comes before it and after: where the sums start, and how they become answers.
#pragma once

#include <string>
#include <vector>

#include "forest.h"
#include "serving/tensor.h"

namespace slipway::drivers::trees {

// From the sums ("margins") to values.
enum class Link { identity, sigmoid, softmax, exponent, positive, log1p_exp, signed_square };

// From values to a label: nothing is decided, the largest, or whether it is above the half.
enum class Decide { nothing, largest, above_half };

struct Labels {
  serving::DType type = serving::DType::int64;
  std::vector<double> numbers;     // empty with empty texts: 0, 1, 2 ..
  std::vector<std::string> texts;  // of type bytes
};

struct Head {
  Link link = Link::identity;
  double slope = 1;  // of sigmoids
  Decide decide = Decide::nothing;
  bool on_margin = false;  // above_half is "not below zero" before the link
  bool values_too = true;  // what was decided upon is a second answer
  Labels labels;
};

template <class T>
struct Model {
  Forest<T> forest;
  std::vector<T> base;  // one an output
  double divisor = 1;   // averages are sums over it
  Head head;
  std::vector<std::string> names;  // of the features; may be empty
  bool round_inputs = false;       // features are floats, whatever T is
};

// In place, `outputs` values a row.
void apply_link(const Head& head, float* values, std::size_t outputs);
void apply_link(const Head& head, double* values, std::size_t outputs);

}  // namespace slipway::drivers::trees
