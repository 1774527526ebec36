// SPDX-License-Identifier: Apache-2.0
#include "predictions.h"

#include <algorithm>

#include "base/text.h"
#include "serving/tensor_json.h"

namespace slipway::wire::scoring {
namespace {

using serving::Tensor;
using serving::Tensors;

// Python widens a float to a double before it prints it; clients compare with ==.
constexpr serving::WriteOptions kWide{.widen = true};

void append_key(std::string& out, const std::string& name, bool first) {
  if (!first) out += ',';
  append_json_string(out, name);
  out += ':';
}

// One value a row is written bare; more as an array, or as an object when they are labelled.
void append_row(std::string& out, const Tensor& tensor, std::size_t row) {
  if (tensor.shape().empty()) {
    serving::append_element(out, tensor, 0, kWide);
  } else if (tensor.row_size() == 1 && tensor.labels == nullptr) {
    serving::append_element(out, tensor, row, kWide);
  } else {
    serving::append_nested(out, tensor, 1, row * tensor.row_size(), kWide);
  }
}

bool by_rows(const Tensors& outputs) {
  return std::all_of(outputs.begin(), outputs.end(), [&](const Tensor& tensor) {
    return !tensor.shape().empty() && tensor.rows() == outputs.front().rows();
  });
}

}  // namespace

std::string write_predictions(const Tensors& outputs, bool table) {
  std::string out = "{\"predictions\":";
  if (table && !outputs.empty() && by_rows(outputs)) {
    out += '[';
    for (std::size_t row = 0; row < static_cast<std::size_t>(outputs.front().rows()); ++row) {
      out += row == 0 ? "{" : ",{";
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        append_key(out, outputs[i].name, i == 0);
        append_row(out, outputs[i], row);
      }
      out += '}';
    }
    return out + "]}";
  }
  out += '{';
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    append_key(out, outputs[i].name, i == 0);
    serving::append_nested(out, outputs[i], 0, 0, kWide);
  }
  return out + "}}";
}

std::string write_values(const Tensor& output) {
  std::string out = "{\"predictions\":";
  serving::append_nested(out, output, 0, 0, kWide);
  return out + "}";
}

}  // namespace slipway::wire::scoring
