// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <algorithm>
#include <utility>

#include "base/protobuf_write.h"
#include "base/recycle.h"
#include "base/text.h"
#include "serving/target.h"
#include "serving/tensor_json.h"
#include "tensor_bytes.h"

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::Tensor;

// An output as it is sent, and how.
struct Part {
  Tensor tensor;
  bool binary = false;
  const SharedPlace* shared = nullptr;
  std::size_t shared_size = 0;
};

using Parts = std::vector<Part, Recycled<Part>>;

Result<Parts> parts_of(const Answer& answer) {
  const auto& body = answer.body;
  Parts out;
  out.reserve(answer.outputs.size());
  if (body.outputs.empty()) {
    for (const auto& tensor : answer.outputs) out.push_back({tensor, body.binary_outputs});
    return out;
  }
  for (const auto& wanted : body.outputs) {
    const auto found = std::find_if(answer.outputs.begin(), answer.outputs.end(),
                                    [&](const auto& tensor) { return tensor.name == wanted.name; });
    if (found == answer.outputs.end()) continue;
    const bool classes = wanted.classes > 0 && found->dtype() != DType::bytes;
    Part part{.tensor = classes ? classify(*found, wanted.classes) : *found,
              .binary = wanted.binary.value_or(body.binary_outputs)};
    if (wanted.shared) {
      std::string bytes;
      append_bytes(bytes, part.tensor);
      SW_CHECK_OK(answer.regions.write(*wanted.shared, bytes));
      part.shared = &*wanted.shared;
      part.shared_size = bytes.size();
    }
    out.push_back(std::move(part));
  }
  return out;
}

void append_shared(std::string& out, const Part& part) {
  out += ",\"parameters\":{\"shared_memory_region\":";
  append_json_string(out, part.shared->region);
  out += ",\"shared_memory_byte_size\":" + std::to_string(part.shared_size);
  if (part.shared->offset != 0) {
    out += ",\"shared_memory_offset\":" + std::to_string(part.shared->offset);
  }
  out += "}}";
}

void append_part(std::string& head, std::string& tail, const Part& part) {
  const auto& tensor = part.tensor;
  head += "{\"name\":";
  append_json_string(head, tensor.name);
  head += ",\"datatype\":\"";
  head += serving::name_of(tensor.dtype());
  head += "\",\"shape\":";
  head += serving::text_of(tensor.shape());
  // FP16 and BF16 have no JSON form.
  const bool binary = part.binary || tensor.dtype() == DType::fp16 || tensor.dtype() == DType::bf16;
  if (part.shared != nullptr) return append_shared(head, part);
  if (binary) {
    const auto before = tail.size();
    append_bytes(tail, tensor);
    head += ",\"parameters\":{\"binary_data_size\":";
    head += std::to_string(tail.size() - before);
    head += "}}";
  } else {
    head += ",\"data\":";
    serving::append_flat(head, tensor);
    head += '}';
  }
}

// InferParameter with an integer.
std::string integer_parameter(std::size_t value) {
  std::string out;
  put_number(out, 2, value);
  return out;
}

void put_part(std::string& out, std::string& scratch, const Part& part) {
  const auto& tensor = part.tensor;
  scratch.clear();
  put_bytes(scratch, 1, tensor.name);
  put_bytes(scratch, 2, serving::name_of(tensor.dtype()));
  std::size_t size = 0;
  for (const auto n : tensor.shape()) size += varint_size(static_cast<std::uint64_t>(n));
  if (size > 0) put_length(scratch, 3, size);
  for (const auto n : tensor.shape()) put_varint(scratch, static_cast<std::uint64_t>(n));
  if (part.shared != nullptr) {
    std::string region;
    put_bytes(region, 3, part.shared->region);
    put_entry(scratch, 4, "shared_memory_region", region);
    put_entry(scratch, 4, "shared_memory_byte_size", integer_parameter(part.shared_size));
    if (part.shared->offset != 0) {
      put_entry(scratch, 4, "shared_memory_offset", integer_parameter(part.shared->offset));
    }
  }
  put_bytes(out, 5, scratch);
}

}  // namespace

Result<void> check_outputs(const serving::Signature& signature, InferBody& body) {
  for (const auto& output : body.outputs) {
    if (output.name == serving::kOutlierScore || output.name == serving::kOutlierPValue) {
      body.outliers = true;  // a model's own output of that name comes first in the answer
      continue;
    }
    const bool known = std::any_of(signature.outputs.begin(), signature.outputs.end(),
                                   [&](const auto& spec) { return spec.name == output.name; });
    if (!known) {
      return invalid("unknown output '" + output.name.substr(0, 100) + "'",
                     "the outputs are in the model's metadata");
    }
  }
  return {};
}

Result<net::Response> write_answer(const Answer& answer) {
  SW_TRY(const auto parts, parts_of(answer));
  std::string head = take_text();
  head += "{\"model_name\":";
  std::string tail = take_text();
  append_json_string(head, answer.model);
  head += ",\"model_version\":";
  append_json_string(head, answer.version);
  if (!answer.body.id.empty()) {
    head += ",\"id\":";
    append_json_string(head, answer.body.id);
  }
  head += ",\"outputs\":[";
  for (const auto& part : parts) {
    if (&part != &parts.front()) head += ',';
    append_part(head, tail, part);
  }
  head += "]}";
  const bool binary =
      std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part.binary; });
  if (tail.empty() && !binary) {
    give_text(std::move(tail));
    return net::Response::json(200, std::move(head));
  }
  const auto head_size = std::to_string(head.size());
  head += tail;
  give_text(std::move(tail));
  auto response = net::Response::text(200, std::move(head), "application/octet-stream");
  response.headers.set("inference-header-content-length", head_size);
  return response;
}

Result<std::string> write_grpc_answer(const Answer& answer, bool streamed) {
  SW_TRY(const auto parts, parts_of(answer));
  constexpr std::size_t kAround = 64;
  std::size_t size = answer.model.size() + answer.body.id.size() + kAround;
  for (const auto& part : parts) {
    size += part.tensor.name.size() + kAround;
    if (part.shared == nullptr) size += size_of_bytes(part.tensor);
  }
  std::string out = take_text();
  out.reserve(size);
  put_text(out, 1, answer.model);
  put_text(out, 2, answer.version);
  put_text(out, 3, answer.body.id);
  if (streamed) {
    std::string yes;
    put_flag(yes, 1, true);
    put_entry(out, 4, "triton_final_response", yes);
  }
  std::string scratch = take_text();
  for (const auto& part : parts) put_part(out, scratch, part);
  give_text(std::move(scratch));
  for (const auto& part : parts) {
    put_length(out, 6, part.shared != nullptr ? 0 : size_of_bytes(part.tensor));
    if (part.shared == nullptr) append_bytes(out, part.tensor);
  }
  return out;
}

}  // namespace slipway::wire::oip
