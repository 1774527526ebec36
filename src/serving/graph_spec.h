// SPDX-License-Identifier: Apache-2.0
// A graph as its owner wrote it: models and what stands between them.
//
//   inputs: [X]
//   steps:
//     - {name: scale, model: scaler@champion, inputs: {X: X}}
//     - {name: score, model: flights/3, inputs: {X: scale.scaled}}
//   outputs: {delay: score.y}
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "serving/tensor.h"

namespace slipway::serving {

struct GraphCondition;

// Where a value comes from: an input of the graph or an output of a step, whole or some columns.
//   X   X[2]   X[0:3]   X["distance"]   score.y   score.y[1]
struct GraphRef {
  std::string source;                                            // the input or the step
  std::string output;                                            // of the step; empty: its first
  std::string column;                                            // a name; empty: none
  std::optional<std::pair<std::int64_t, std::int64_t>> columns;  // [from, to)
  int line = 0;

  std::string text() const;
};

// What runs: a version of a model, or an endpoint with its routes.
struct GraphCall {
  std::string model;
  std::string alias;
  std::string version;
  std::string endpoint;

  bool is_set() const { return !model.empty() || !endpoint.empty(); }
  std::string text() const;
};

// Of a model's input; several references are put side by side. An empty name: its only input.
struct GraphFeed {
  std::string input;
  std::vector<GraphRef> from;
  int line = 0;
};

struct GraphCase {
  std::shared_ptr<const GraphCondition> when;  // null: else
  GraphCall call;
  std::optional<GraphRef> value;  // instead of a call
  int line = 0;
};

// Of `combine` and `apply`.
struct GraphFunction {
  std::string name;  // "mean", "softmax", ..
  std::vector<double> weights;
  std::vector<double> subtract;  // scale
  std::vector<double> divide;
  double at = 0.5;  // threshold
  std::optional<double> least;
  std::optional<double> most;
  double fill = 0;
  DType dtype = DType::fp64;
  std::vector<std::string> labels;
};

struct GraphStep {
  enum class Kind { call, choose, combine, apply };
  Kind kind = Kind::call;
  std::string name;
  int line = 0;
  GraphCall call;
  std::vector<GraphFeed> feeds;  // empty: the graph's inputs of the same names
  std::vector<GraphCase> cases;
  GraphFunction function;
  std::vector<GraphRef> of;
};

struct GraphInput {
  std::string name;
  std::optional<DType> dtype;
  std::optional<Shape> shape;
  std::vector<std::string> columns;
  int line = 0;
};

struct GraphOutput {
  std::string name;
  GraphRef from;
};

struct GraphSpec {
  std::string file;  // for messages
  std::vector<GraphInput> inputs;
  std::vector<GraphStep> steps;  // each after those that it needs
  std::vector<GraphOutput> outputs;

  const GraphStep* find_step(std::string_view name) const;
  const GraphInput* find_input(std::string_view name) const;
};

// Checks everything that can be known without the models. Errors say "file:line: what".
Result<GraphSpec> parse_graph(std::string_view text, const std::string& file);

Result<GraphRef> parse_ref(std::string_view text);

}  // namespace slipway::serving
