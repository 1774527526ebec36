// SPDX-License-Identifier: Apache-2.0
// An inference request's body: JSON, with the tensors' bytes behind it if the client likes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/recycle.h"
#include "base/result.h"
#include "serving/backend.h"
#include "serving/sequence.h"
#include "shared_memory.h"

namespace slipway::wire::oip {

struct WantedOutput {
  std::string name;
  std::optional<bool> binary;
  std::int64_t classes = 0;           // > 0: the names of the so many highest scores instead
  std::optional<SharedPlace> shared;  // goes there instead of into the answer
};

struct InferBody {
  std::string id;
  bool binary_outputs = false;  // unless an output says otherwise
  std::int64_t timeout_us = 0;
  std::int64_t priority = 0;  // 1 is served first; 0: as if nothing was said
  bool outliers = false;      // the answer tells how unusual the rows are
  bool empty_final = false;   // of answers in pieces: an empty one tells the end
  std::shared_ptr<const serving::SequenceAsk> sequence;  // null: it belongs to none
  serving::Tensors inputs;
  std::vector<WantedOutput, Recycled<WantedOutput>> outputs;  // empty: all
};

constexpr std::size_t kMaxSequenceId = 128;
// Null when it names no sequence: the number 0 and the empty text are none.
std::shared_ptr<const serving::SequenceAsk> sequence_of(serving::SequenceAsk ask);

// `json_size`: how much of the body is JSON, the rest being tensors' bytes; nothing: all of it.
// Tensors may be views into `body`, which `owner` keeps alive. Never allocates more than a small
// multiple of the body.
Result<InferBody> parse_infer(std::string_view body, std::optional<std::size_t> json_size,
                              const std::shared_ptr<const void>& owner,
                              const SharedMemory* regions = nullptr);

}  // namespace slipway::wire::oip
