// SPDX-License-Identifier: Apache-2.0
// TensorProto of TensorFlow: read and written from its bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "serving/tensor.h"

namespace slipway::wire::tfserving {

std::string_view dtype_name(serving::DType type);  // "DT_FLOAT"
std::uint64_t dtype_number(serving::DType type);

// Values come as tensor_content, or one by one; of fewer values than the shape says the last one is
// repeated, as TensorFlow does. What that makes of a small message is bounded.
Result<serving::Tensor> read_tensor_proto(const std::string& name, std::string_view bytes,
                                          const std::shared_ptr<const void>& owner);
// Numbers as tensor_content, texts one by one.
std::string write_tensor_proto(const serving::Tensor& tensor);
// TensorShapeProto
std::string write_shape(const serving::Shape& shape);

}  // namespace slipway::wire::tfserving
