// SPDX-License-Identifier: Apache-2.0
// Sequences: requests that belong together, answered in order, with a state that goes from one to
// the next.
//
// A version says in its package how it keeps sequences: which inputs are controls that the server
// fills in, and which outputs come back as inputs of the sequence's next request. The words are
// Triton's: `sequence_batching` in config.pbtxt beside the model, or in the metadata of MLmodel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/tensor.h"

namespace slipway::serving {

// What a request says about the sequence that it belongs to.
struct SequenceAsk {
  std::string id;                       // a number in decimal, or a text; never empty
  std::optional<std::uint64_t> number;  // when it came as a number
  bool start = false;
  bool end = false;
  std::string scope;  // equal ids in different scopes are different sequences
};

struct SequenceControl {
  enum class Kind { start, end, ready, id };
  Kind kind = Kind::start;
  std::string input;
  double off = 0;
  double on = 1;
  std::optional<DType> type;  // that the package says; must be the model's
};

struct SequenceState {
  std::string input;
  std::string output;
  std::optional<DType> type;
  std::optional<Shape> initial;  // without the axis of rows; nothing: the input's, with 1 for -1
  std::string file;              // the first state's bytes; empty: zeros
};

struct SequenceSpec {
  bool oldest = false;               // else direct
  std::int64_t idle_us = 1'000'000;  // a sequence that is not asked for so long is forgotten
  std::size_t most = 1024;           // sequences that may be open at a time
  std::vector<SequenceControl> controls;
  std::vector<SequenceState> states;
  std::vector<std::string> shown;  // outputs that are states and answered all the same
};

// What the package in `folder` says; null when its model keeps no sequences. An error says what is
// wrong with the file.
Result<std::shared_ptr<const SequenceSpec>> read_sequences(const std::string& folder);

}  // namespace slipway::serving
