// SPDX-License-Identifier: Apache-2.0
// Files that claim to be models of trees: whatever loads is run on a few rows.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../src/drivers/trees/loaded.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::serving::Tensor;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto model = slipway::drivers::trees::load_bytes(bytes, "xgboost.sklearn.XGBClassifier");
  if (!model) return 0;
  const auto& input = (*model)->signature().inputs.front();
  if (input.shape[1] > 10'000) return 0;
  auto rows = Tensor::make("input", input.dtype, {9, input.shape[1]});
  for (std::size_t i = 0; i < rows.count(); ++i) {
    const double value = i % 5 == 0 ? NAN : static_cast<double>(i % 41) - 3.5;
    if (input.dtype == slipway::serving::DType::fp32) {
      static_cast<float*>(rows.mutable_data())[i] = static_cast<float>(value);
    } else {
      static_cast<double*>(rows.mutable_data())[i] = value;
    }
  }
  (void)(*model)->run({rows}).ok();
  return 0;
}
