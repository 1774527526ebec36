// SPDX-License-Identifier: Apache-2.0
// What executes a version: engines implement these two classes in drivers/*.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/tensor.h"

namespace slipway::serving {

struct TensorSpec {
  std::string name;
  DType dtype = DType::fp32;
  Shape shape;  // -1 is any
  // A sequence of maps (class label to score): comes out as a tensor of two axes with `labels`.
  bool map = false;
};

struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
};

// A named column of the table that the model was trained on, in training order.
struct Column {
  std::string name;
  std::string type;  // MLflow's word: "double", "long", "string", ..; may be empty
};

// A version as files. `columns` is empty when the package does not tell them.
struct Package {
  std::string model;
  std::string version;
  std::string folder;      // absolute; nothing outside it is opened
  std::string model_file;  // absolute path of the file to load; empty: no flavour we can run
  std::string flavors;     // the flavours it has, for messages: "python_function, sklearn"
  std::vector<Column> columns;
};

// One loaded version. `run` may be called from several threads at once.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  virtual const Signature& signature() const = 0;
  // `inputs` in the order of the signature, already checked against it. Answers the outputs in the
  // order of the signature.
  virtual Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) = 0;
};

// Thread-safe.
class ModelBackend {
 public:
  virtual ~ModelBackend() = default;
  virtual std::string_view name() const = 0;  // "onnx"
  virtual std::string_view platform()
      const = 0;  // "onnxruntime_onnx", as inference clients know it
  virtual bool can_load(const Package& package) const = 0;
  // A file that is damaged, foreign or dangerous is an error that says so; it must never end the
  // process.
  virtual Result<std::unique_ptr<LoadedModel>> load(const Package& package) = 0;
};

}  // namespace slipway::serving
