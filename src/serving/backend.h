// SPDX-License-Identifier: Apache-2.0
// What executes a version: engines implement these two classes in drivers/*.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/sequence.h"
#include "serving/tensor.h"

namespace slipway::serving {

struct TensorSpec {
  std::string name;
  DType dtype = DType::fp32;
  Shape shape;  // -1 is any
  // A sequence of maps (class label to score): comes out as a tensor of two axes with `labels`.
  bool map = false;
  // Of an input: numbers of any type are taken and converted. One wide input of this kind also
  // takes a tensor a column, when the columns have names.
  bool any_number = false;
  // Of the first output: protocols without tensors answer its values as they are, and nothing else.
  bool bare = false;
};

struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  // The model also takes whole bodies of MLflow's scoring protocol and answers them: one input
  // called kBody, {content type, body}, and one output, the JSON. `only_bodies`: its tables are too
  // particular for tensors, so scoring always sends it the body.
  bool bodies = false;
  bool only_bodies = false;
  // Answers bodies piece by piece as well, each one JSON.
  bool streams = false;
};
inline constexpr const char* kBody = "slipway.body";

// A named column of the table that the model was trained on, in training order.
struct Column {
  std::string name;
  std::string type;  // MLflow's word: "double", "long", "string", ..; may be empty
};

// One of the ways in which a package can be run, and its settings ("data", "model_class").
struct Flavor {
  std::string name;
  std::map<std::string, std::string> settings;

  // Empty when there is none.
  std::string value(const std::string& key) const {
    const auto found = settings.find(key);
    return found == settings.end() ? std::string() : found->second;
  }
};

// A version as files. `columns` is empty when the package does not tell them.
struct Package {
  std::string model;
  std::string version;
  std::string folder;      // absolute; nothing outside it is opened
  std::string model_file;  // absolute path of the file to load; empty: no flavour we can run
  std::string flavors;     // the flavours it has, for messages: "python_function, sklearn"
  std::vector<Flavor> flavor_settings;
  std::vector<Column> columns;
  std::shared_ptr<const SequenceSpec> sequences;  // null: its requests are independent
};

// Why a model answered what it did, before the sums became answers (log odds and the like):
// base + the contributions of a row = the sum.
struct Explanation {
  Tensor base;           // FP64 [outputs]: the average over the training rows
  Tensor contributions;  // FP64 [rows, outputs, features]
};

// One loaded version. `run` may be called from several threads at once.
class LoadedModel {
 public:
  virtual ~LoadedModel() = default;
  virtual const Signature& signature() const = 0;
  // The columns that the file itself names; used when the package names none.
  virtual std::vector<Column> columns() const { return {}; }
  // Bytes that it holds in processes of its own, now.
  virtual std::size_t outside_bytes() const { return 0; }
  // How many calls it can work on at the same time; 0: any number.
  virtual int instances() const { return 0; }
  // True: how long `run` takes follows from the size of its inputs alone, and it never waits. Short
  // runs are then made by the thread that read the request.
  virtual bool is_steady() const { return false; }
  // `inputs` in the order of the signature, already checked against it. Answers the outputs in the
  // order of the signature.
  virtual Result<Tensors> run(const Tensors& inputs) = 0;
  // The same for a request that is traced: what the model does belongs to the span that this W3C
  // trace context names.
  virtual Result<Tensors> run_traced(const Tensors& inputs, const std::string& traceparent) {
    (void)traceparent;
    return run(inputs);
  }
  // Whether each of its `instances()` remembers by itself what it was asked, so that the requests
  // of a sequence must go to one of them.
  virtual bool remembers() const { return false; }
  // Runs on instance `at`, by one thread at a time. `memory` is 0, or what the same instance made
  // of it before; an instance that has lost that memory since (its process ended) answers an error.
  virtual Result<Tensors> run_at(int at, std::uint64_t& memory, const Tensors& inputs,
                                 const std::string& traceparent) {
    (void)at;
    (void)memory;
    return traceparent.empty() ? run(inputs) : run_traced(inputs, traceparent);
  }
  // The answer to a body piece by piece; `take` says whether anybody still listens. Returns at the
  // end of the answer.
  using Piece = std::function<bool(Tensor)>;
  virtual Result<void> stream(const Tensors& inputs, const Piece& take) {
    (void)inputs;
    (void)take;
    return Error{Code::unimplemented, "this model does not stream its answers",
                 "MLflow models with predict_stream do"};
  }
  // Of the same inputs; as costly as the model makes it.
  virtual Result<Explanation> explain(const Tensors& inputs) {
    (void)inputs;
    return Error{Code::unimplemented, "this model's predictions cannot be explained",
                 "trees can: XGBoost, LightGBM and scikit-learn forests"};
  }
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
  // process. With `unimplemented` the next back end that can load the package is asked.
  virtual Result<std::unique_ptr<LoadedModel>> load(const Package& package) = 0;
};

}  // namespace slipway::serving
