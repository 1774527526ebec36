// SPDX-License-Identifier: Apache-2.0
// Messages of TensorFlow Serving: PredictRequest with its TensorProtos, and the Examples of
// Classify and Regress. What is no message is an error, tensors lie inside the bytes that were
// sent, and a tensor that is written is read back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "../../src/wire/tfserving/examples.h"
#include "../../src/wire/tfserving/grpc_request.h"
#include "../../src/wire/tfserving/tensor_proto.h"

using slipway::serving::DType;
using slipway::serving::FrameLayout;
using slipway::serving::Tensor;
namespace tfserving = slipway::wire::tfserving;

namespace {

void look(const Tensor& tensor) {
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    if (tensor.dtype() == DType::bytes) {
      (void)tensor.texts()[i].size();
    } else {
      (void)tensor.number_at(i);
    }
  }
}

void read_back(const Tensor& tensor) {
  const auto bytes = std::make_shared<const std::string>(tfserving::write_tensor_proto(tensor));
  const auto again = tfserving::read_tensor_proto("again", *bytes, bytes);
  if (!again || again->dtype() != tensor.dtype() || again->shape() != tensor.shape()) std::abort();
  look(*again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FrameLayout kLayouts[] = {
      FrameLayout::of({.inputs = {{.name = "X", .dtype = DType::fp32, .shape = {-1, 2}}}},
                      {{"a", "float"}, {"b", "float"}}),
      FrameLayout::of({.inputs = {{.name = "a", .dtype = DType::bytes, .shape = {-1, 1}},
                                  {.name = "b", .dtype = DType::int64, .shape = {-1}}}},
                      {}),
  };
  const auto body = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  if (const auto asked = tfserving::read_asked(*body, true)) {
    for (const auto& [name, bytes] : asked->tensors) {
      const auto tensor = tfserving::read_tensor_proto(name, bytes, body);
      if (!tensor) continue;
      look(*tensor);
      read_back(*tensor);
    }
  }
  if (const auto tensor = tfserving::read_tensor_proto("x", *body, body)) {
    look(*tensor);
  }
  const auto asked = tfserving::read_asked(*body, false);
  for (const auto& layout : kLayouts) {
    (void)tfserving::parse_input(asked ? asked->input : *body, layout);
  }
  return 0;
}
