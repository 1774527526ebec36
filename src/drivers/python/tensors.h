// SPDX-License-Identifier: Apache-2.0
// Tensors as they lie in the memory that is shared with a worker.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "json/value.h"
#include "serving/backend.h"

namespace slipway::drivers::python {

// Where a piece lies.
struct Place {
  std::size_t at = 0;
  std::size_t bytes = 0;
};

// Appends the tensors to `memory` (texts as 4 bytes of length, then bytes) and answers what says
// where they are.
json::array pack(const serving::Tensors& tensors, std::string& memory);

// The tensors that `list` names in `memory`. A worker's word is not believed: what does not fit is
// an error.
Result<serving::Tensors> unpack(const json::value& list,
                                const std::shared_ptr<const std::string>& memory);
Result<Place> place_of(const json::value& from, std::size_t size);

Result<std::vector<serving::TensorSpec>> specs_of(const json::value& list);

}  // namespace slipway::drivers::python
