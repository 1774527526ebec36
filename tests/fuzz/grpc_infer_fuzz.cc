// SPDX-License-Identifier: Apache-2.0
// ModelInferRequest of the Open Inference Protocol: what is no message is an error, and tensors lie
// inside the bytes that were sent.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "../../src/wire/oip/grpc_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const slipway::wire::oip::SharedMemory regions;
  auto body = std::make_shared<const std::string>(reinterpret_cast<const char*>(data), size);
  const auto parsed = slipway::wire::oip::parse_grpc_infer(*body, body, regions);
  if (!parsed) return 0;
  for (const auto& tensor : parsed->body.inputs) {
    for (std::size_t i = 0; i < tensor.count(); ++i) {
      if (tensor.dtype() == slipway::serving::DType::bytes) {
        (void)tensor.texts()[i].size();
      } else {
        (void)tensor.number_at(i);
      }
    }
  }
  return 0;
}
