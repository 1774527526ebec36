// SPDX-License-Identifier: Apache-2.0
// Tensors from and to JSON arrays, without a tree in between.
#pragma once

#include <string>

#include "json/reader.h"
#include "serving/tensor.h"

namespace slipway::serving {

// The next value of `in` as a tensor: nested arrays of equal lengths, or one number. Numbers must
// fit the type; null is NaN in floats when `null_is_nan`. FP16 and BF16 have no JSON form; BYTES
// are texts or {"b64": ".."}. Memory
// follows the length of the text, never a number in it. `wanted`: the values may also come flat.
Result<Tensor> read_tensor(json::Reader& in, const std::string& name, DType type,
                           const Shape* wanted = nullptr, bool null_is_nan = false);

struct WriteOptions {
  bool widen = false;  // a float as the double that it is (0.1F as 0.10000000149011612)
};

// One element. NaN and infinities, which JSON cannot say, become null.
void append_element(std::string& out, const Tensor& tensor, std::size_t i,
                    const WriteOptions& options = {});
// [a,b,..] row-major.
void append_flat(std::string& out, const Tensor& tensor, const WriteOptions& options = {});
// The elements [from, from + size of the axes below `axis`) as nested arrays. With labels the last
// axis is written as objects.
void append_nested(std::string& out, const Tensor& tensor, std::size_t axis, std::size_t from,
                   const WriteOptions& options = {});

}  // namespace slipway::serving
