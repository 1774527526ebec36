// SPDX-License-Identifier: Apache-2.0
#include "answer.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "serving/tensor_json.h"

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::Tensor;

// BYTES "score:index[:label]" of the k highest of each row.
Tensor classify(const Tensor& scores, std::int64_t k) {
  const bool one_row = scores.shape().size() < 2;
  const std::size_t width = one_row ? scores.count() : scores.row_size();
  const std::size_t rows = width == 0 ? 0 : scores.count() / width;
  const auto best = std::min<std::size_t>(static_cast<std::size_t>(k), width);
  std::vector<std::string> texts;
  std::vector<std::size_t> order(width);
  for (std::size_t row = 0; row < rows; ++row) {
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(best), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        return scores.number_at(row * width + a) >
                               scores.number_at(row * width + b);
                      });
    for (std::size_t i = 0; i < best; ++i) {
      std::string text;
      serving::append_element(text, scores, row * width + order[i]);
      text += ':' + std::to_string(order[i]);
      if (scores.labels != nullptr && order[i] < scores.labels->size()) {
        text += ':' + (*scores.labels)[order[i]];
      }
      texts.push_back(std::move(text));
    }
  }
  serving::Shape shape;
  if (!one_row) shape.push_back(static_cast<std::int64_t>(rows));
  shape.push_back(static_cast<std::int64_t>(best));
  return Tensor::of_texts(scores.name, std::move(shape), std::move(texts));
}

std::size_t append_binary(std::string& tail, const Tensor& tensor) {
  const std::size_t before = tail.size();
  if (tensor.dtype() != DType::bytes) {
    tail.append(tensor.raw());
  } else {
    for (const auto& text : tensor.texts()) {
      const auto length = static_cast<std::uint32_t>(text.size());
      char bytes[sizeof length];
      std::memcpy(bytes, &length, sizeof length);
      tail.append(bytes, sizeof length);
      tail += text;
    }
  }
  return tail.size() - before;
}

void append_output(std::string& head, std::string& tail, const Tensor& tensor, bool binary) {
  head += "{\"name\":";
  append_json_string(head, tensor.name);
  head += ",\"datatype\":\"";
  head += serving::name_of(tensor.dtype());
  head += "\",\"shape\":";
  head += serving::text_of(tensor.shape());
  // These two have no JSON form.
  binary |= tensor.dtype() == DType::fp16 || tensor.dtype() == DType::bf16;
  if (binary) {
    head += ",\"parameters\":{\"binary_data_size\":";
    head += std::to_string(append_binary(tail, tensor));
    head += "}}";
  } else {
    head += ",\"data\":";
    serving::append_flat(head, tensor);
    head += '}';
  }
}

const Tensor* find(const std::vector<Tensor>& outputs, const std::string& name) {
  for (const auto& tensor : outputs) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

}  // namespace

Result<void> check_outputs(const serving::Signature& signature,
                           const std::vector<WantedOutput>& wanted) {
  for (const auto& output : wanted) {
    const bool known = std::any_of(signature.outputs.begin(), signature.outputs.end(),
                                   [&](const auto& spec) { return spec.name == output.name; });
    if (!known) {
      return invalid("unknown output '" + output.name.substr(0, 100) + "'",
                     "the outputs are in the model's metadata");
    }
  }
  return {};
}

net::Response write_answer(const InferBody& body, const std::string& model,
                           const std::string& version, const std::vector<Tensor>& outputs) {
  std::string head = "{\"model_name\":";
  std::string tail;
  append_json_string(head, model);
  head += ",\"model_version\":";
  append_json_string(head, version);
  if (!body.id.empty()) {
    head += ",\"id\":";
    append_json_string(head, body.id);
  }
  head += ",\"outputs\":[";
  bool first = true;
  const auto add = [&](const Tensor& tensor, bool binary, std::int64_t classes) {
    if (!first) head += ',';
    first = false;
    if (classes > 0 && tensor.dtype() != DType::bytes) {
      append_output(head, tail, classify(tensor, classes), binary);
    } else {
      append_output(head, tail, tensor, binary);
    }
  };
  if (body.outputs.empty()) {
    for (const auto& tensor : outputs) add(tensor, body.binary_outputs, 0);
  } else {
    for (const auto& wanted : body.outputs) {
      if (const auto* tensor = find(outputs, wanted.name)) {
        add(*tensor, wanted.binary.value_or(body.binary_outputs), wanted.classes);
      }
    }
  }
  head += "]}";
  if (tail.empty()) return net::Response::json(200, std::move(head));
  const auto head_size = std::to_string(head.size());
  auto response = net::Response::text(200, std::move(head) + tail, "application/octet-stream");
  response.headers.set("inference-header-content-length", head_size);
  return response;
}

}  // namespace slipway::wire::oip
