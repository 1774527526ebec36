// SPDX-License-Identifier: Apache-2.0
// Tensors as the protocol's bytes: little-endian, row by row; a text is its length in four bytes
// and then itself.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "serving/tensor.h"

namespace slipway::wire::oip {

// What an error names; put together only when there is one. Stands where a text would, so that
// callers pass theirs as they are.
struct Where {
  Where(const char* at) : first(at) {}                      // NOLINT: implicit by design
  Where(const std::string& at, std::string_view more = {})  // NOLINT: implicit by design
      : first(at), second(more) {}
  Where(std::string_view at, std::string_view more, std::string_view last)
      : first(at), second(more), third(last) {}
  std::string text() const { return std::string(first).append(second).append(third); }

  std::string_view first;
  std::string_view second;
  std::string_view third;
};

// `at` names the input in errors. The tensor is a view into `bytes`, which `owner` keeps alive,
// where their alignment allows it.
Result<serving::Tensor> tensor_of(const std::string& name, serving::DType type,
                                  const serving::Shape& shape, std::string_view bytes,
                                  const std::shared_ptr<const void>& owner, const Where& at);

std::size_t size_of_bytes(const serving::Tensor& tensor);
void append_bytes(std::string& out, const serving::Tensor& tensor);

// BYTES "score:index[:label]" of the `k` highest of each row.
serving::Tensor classify(const serving::Tensor& scores, std::int64_t k);

}  // namespace slipway::wire::oip
