// SPDX-License-Identifier: Apache-2.0
// One loaded graph.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "runtime.h"
#include "serving/backend.h"

namespace slipway::drivers::onnx {

class Session : public serving::LoadedModel {
 public:
  // `device` as CUDA counts; -1 is the CPU. `run_bytes` bounds what a run takes of the machine's
  // memory, and a quarter of it its answer; 0 is no bound.
  static Result<std::unique_ptr<Session>> load(const Runtime& runtime, const std::string& path,
                                               int device = -1, std::size_t run_bytes = 0);

  const serving::Signature& signature() const override { return signature_; }
  bool is_steady() const override { return steady_; }
  void set_steady(bool steady) { steady_ = steady; }
  Result<serving::Tensors> run(const serving::Tensors& inputs) override;

 private:
  Session(const Runtime& runtime, OrtSession* session, std::size_t run_bytes)
      : runtime_(runtime), session_(own(runtime, session)), run_bytes_(run_bytes) {}
  Result<void> read_signature();
  // Errors: the answer is larger than it may be.
  Result<void> measure(const OrtValue* value, std::size_t& bytes) const;

  const Runtime& runtime_;
  Owned<OrtSession> session_;
  const std::size_t run_bytes_;
  serving::Signature signature_;
  bool steady_ = false;
  std::vector<const char*> input_names_;  // into signature_
  std::vector<const char*> output_names_;
};

}  // namespace slipway::drivers::onnx
