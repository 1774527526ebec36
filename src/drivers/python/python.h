// SPDX-License-Identifier: Apache-2.0
// Runs everything else that MLflow can log (scikit-learn, PyTorch, statsmodels, own classes ..) in
// Python processes of their own, which are the only place where a pickle is opened.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "serving/backend.h"

namespace slipway::drivers::python {

struct Options {
  std::string folder;         // of environments and the worker's script
  std::string interpreter;    // that has what the models need; empty: one environment a version
  std::string uv;             // makes environments; empty: sought beside the server and on PATH
  int most_workers = 2;       // processes of one version
  int timeout_s = 60;         // of one call; then the process is killed
  int start_timeout_s = 180;  // until the model is loaded
  int idle_s = 600;           // without work for so long a process ends
  std::uint64_t memory_mib = 4096;  // of one process; 0: no bound
};

// A file that was made from a version and needs no Python. To be compared before it is used.
struct Conversion {
  std::string kind;  // "slipway_trees", "onnx"; empty: there is none, and `why`
  std::string file;
  std::string why;
  std::vector<serving::Tensor> examples;
  serving::Tensor answers;  // what the model itself makes of them
};

class Backend : public serving::ModelBackend {
 public:
  // Makes `kind` of the version, in `folder`.
  virtual Result<Conversion> convert(const serving::Package& package, const std::string& kind,
                                     const std::string& folder) = 0;
};

std::unique_ptr<Backend> make_backend(Options options);

}  // namespace slipway::drivers::python
