// SPDX-License-Identifier: Apache-2.0
#include "batching.h"

#include <algorithm>
#include <cstddef>

namespace slipway::serving {
namespace {

using Job = Batcher::Job;

constexpr std::size_t kTexts = 16'384;  // bytes that count as short

bool same_rows(const Tensor& a, const Tensor& b) {
  return a.shape().size() == b.shape().size() &&
         std::equal(a.shape().begin() + 1, a.shape().end(), b.shape().begin() + 1);
}

}  // namespace

bool is_batchable(const Signature& signature) {
  const auto open = [](const TensorSpec& spec) {
    return !spec.shape.empty() && spec.shape[0] == -1;
  };
  return std::all_of(signature.inputs.begin(), signature.inputs.end(), open) &&
         std::all_of(signature.outputs.begin(), signature.outputs.end(), open);
}

bool is_told_by_rows(const Signature& signature) {
  return std::all_of(signature.inputs.begin(), signature.inputs.end(), [](const TensorSpec& spec) {
    return !spec.shape.empty() && std::all_of(spec.shape.begin() + 1, spec.shape.end(),
                                              [](std::int64_t n) { return n >= 0; });
  });
}

bool has_long_texts(const Job& job) {
  std::size_t bytes = 0;
  for (const auto& tensor : job.inputs) {
    if (tensor.dtype() != DType::bytes) continue;
    for (const auto& text : tensor.texts()) bytes += text.size();
  }
  return bytes > kTexts;
}

bool fit_together(const Job& a, const Job& b) {
  if (b.alone) return false;
  for (std::size_t i = 0; i < a.inputs.size(); ++i) {
    if (!same_rows(a.inputs[i], b.inputs[i])) return false;
  }
  return true;
}

}  // namespace slipway::serving
