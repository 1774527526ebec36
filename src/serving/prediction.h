// SPDX-License-Identifier: Apache-2.0
// Predictions as they are recorded: one row, its features, its answer, when and by which version.
//
// The serving side offers whole exchanges to a bounded ring and never waits for it; a full ring
// drops the exchange and counts it. One reader drains the ring and gets rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "serving/tensor.h"

namespace slipway::meter {
class Registry;
class Counter;
}  // namespace slipway::meter

namespace slipway::serving {

// What the values of a Prediction mean; shared by all predictions of a version.
struct PredictionSchema {
  struct Field {
    std::string name;
    bool text = false;  // otherwise a number
  };
  std::vector<Field> features;
  std::vector<Field> outputs;
};

// A number (NaN: missing) or a text.
using Value = std::variant<double, std::string>;

struct Prediction {
  std::string endpoint;
  std::string model;
  std::string version;
  std::string request_id;  // of the row: the request's id, or id/0, id/1 .. in a batch
  std::int64_t row = 0;
  Timestamp at;
  std::int64_t latency_us = 0;  // of the request
  bool shadow = false;          // the answer was not sent to the caller
  std::shared_ptr<const PredictionSchema> schema;
  std::vector<Value> features;  // in the order of schema->features
  std::vector<Value> outputs;   // empty when it failed
  std::string error;
};

// One request and its answer as it leaves the hot path; rows are made from it by the reader.
struct Exchange {
  std::string endpoint;
  std::string model;
  std::string version;
  std::string request_id;
  Timestamp at;
  std::int64_t latency_us = 0;
  bool shadow = false;
  std::int64_t rows = 0;
  std::shared_ptr<const PredictionSchema> schema;
  Tensors inputs;
  Tensors outputs;
  std::string error;
};

// The names of the values in `inputs` and `outputs`: a tensor of one value a row keeps its name, a
// wider one gets name_0, name_1 .. or `columns` when their number fits.
PredictionSchema schema_of(const Tensors& inputs, const Tensors& outputs,
                           const std::vector<std::string>& columns);
// At most `max_rows` rows of an exchange.
void append_rows(const Exchange& exchange, std::size_t max_rows, std::vector<Prediction>& out);

// Thread-safe.
class PredictionLog {
 public:
  // `capacity` exchanges are kept until drained.
  PredictionLog(std::size_t capacity, meter::Registry& meters);
  ~PredictionLog();

  // Counts an exchange that is not recorded because its endpoint records enough a second.
  void thin();
  // False: the ring was full, the exchange is gone and counted.
  bool offer(Exchange exchange);
  // Appends the rows of at most `limit` exchanges and answers how many exchanges there were.
  std::size_t drain(std::vector<Prediction>& into, std::size_t limit = 4096);
  // The newest exchanges of an endpoint (the last 64 are kept apart from the ring), newest first.
  std::vector<Prediction> recent(const std::string& endpoint, std::size_t limit) const;
  void forget(const std::string& endpoint);
  std::uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::serving
