// SPDX-License-Identifier: Apache-2.0
// Runs ONNX graphs in this process with ONNX Runtime, whose library is opened on first use.
#pragma once

#include <memory>
#include <string>

#include "serving/backend.h"

namespace slipway::drivers::onnx {

struct Options {
  // Path of libonnxruntime.so; empty: lib/ beside the executable, then the system's.
  std::string library;
  int intra_op_threads = 1;
};

std::unique_ptr<serving::ModelBackend> make_backend(Options options = {});

}  // namespace slipway::drivers::onnx
