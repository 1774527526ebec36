// SPDX-License-Identifier: Apache-2.0
// Our tensors as the runtime's values, and back.
#pragma once

#include <cstddef>
#include <optional>

#include "runtime.h"
#include "serving/backend.h"

namespace slipway::drivers::onnx {

std::optional<serving::DType> dtype_of(ONNXTensorElementDataType type);

// A tensor, or a sequence of maps from labels to numbers; anything else is unimplemented.
Result<serving::TensorSpec> spec_of(const Runtime& runtime, std::string name,
                                    const OrtTypeInfo* info);

// What a copy of a tensor takes; 0 for anything else.
Result<std::size_t> bytes_of(const Runtime& runtime, const OrtValue* value);

// A view of the tensor's bytes (texts are copied): `tensor` must outlive the value.
Result<Owned<OrtValue>> to_value(const Runtime& runtime, const serving::Tensor& tensor);
// The tensor takes over the value and shares its bytes.
Result<serving::Tensor> to_tensor(const Runtime& runtime, const serving::TensorSpec& spec,
                                  Owned<OrtValue> value);

}  // namespace slipway::drivers::onnx
