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
  serving::Tensors examples;
  serving::Tensors answers;  // what the model itself makes of them: one, or scores too
};

// A process with the version in it, that makes one after the other.
class Maker {
 public:
  virtual ~Maker() = default;
  // Makes `kind` of the version, in `folder`.
  virtual Result<Conversion> make(const std::string& kind, const std::string& folder) = 0;
};

class Backend : public serving::ModelBackend {
 public:
  // `with`: what pip must install beside the version's own requirements, where environments are
  // made; a line each.
  virtual Result<std::unique_ptr<Maker>> open_maker(const serving::Package& package,
                                                    const std::string& with) = 0;
  // Ends a conversion that is under way (it fails), also one that a killed predecessor of this
  // process left running.
  virtual void end_conversions() = 0;
};

std::unique_ptr<Backend> make_backend(Options options);

}  // namespace slipway::drivers::python
