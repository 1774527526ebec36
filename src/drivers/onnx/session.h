// SPDX-License-Identifier: Apache-2.0
// One loaded graph.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime.h"
#include "serving/backend.h"

namespace slipway::drivers::onnx {

class Session : public serving::LoadedModel {
 public:
  // `device` as CUDA counts; -1 is the CPU.
  static Result<std::unique_ptr<Session>> load(const Runtime& runtime, const std::string& path,
                                               int device = -1);

  const serving::Signature& signature() const override { return signature_; }
  Result<std::vector<serving::Tensor>> run(const std::vector<serving::Tensor>& inputs) override;

 private:
  Session(const Runtime& runtime, OrtSession* session)
      : runtime_(runtime), session_(own(runtime, session)) {}
  Result<void> read_signature();

  const Runtime& runtime_;
  Owned<OrtSession> session_;
  serving::Signature signature_;
  std::vector<const char*> input_names_;  // into signature_
  std::vector<const char*> output_names_;
};

}  // namespace slipway::drivers::onnx
