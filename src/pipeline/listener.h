// SPDX-License-Identifier: Apache-2.0
// Told what happens in an execution while it happens.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/execution.h"

namespace slipway::pipeline {

class Listener {
 public:
  virtual ~Listener() = default;
  // Before the first step starts; the execution is on record.
  virtual void begun(const Execution& execution) = 0;
  // A step (or an element of it) changed, and that is on record.
  virtual void changed(const StepState& step) = 0;
  // Masked output, from another thread than the above.
  virtual void wrote(const StepState& step, std::string_view text) = 0;
};

}  // namespace slipway::pipeline
