// SPDX-License-Identifier: Apache-2.0
// Versions that are pickles, run without Python where that gives the same answers.
//
// When such a version is loaded for the first time, its Python process is asked for trees or an
// ONNX graph of it and for examples with their answers. Only if the file gives the same answers (to
// 1e-6) is it used from then on; what was found is kept beside the file and told to `verdict`.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "drivers/python/python.h"
#include "serving/backend.h"

namespace slipway::app {

struct ConversionParts {
  std::string folder;
  serving::ModelBackend& trees;
  serving::ModelBackend& onnx;
  drivers::python::Backend& python;
  // A version and what became of it, in words.
  std::function<void(const serving::Package&, const std::string&)> verdict;
};

// What cannot be converted is `unimplemented`, so that Python itself is asked next. The parts must
// outlive it.
std::unique_ptr<serving::ModelBackend> make_converting_backend(ConversionParts parts);

}  // namespace slipway::app
