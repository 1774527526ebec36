// SPDX-License-Identifier: Apache-2.0
#include "predict_json.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "json/reader.h"
#include "serving/tensor_json.h"

namespace slipway::wire::tfserving {
namespace {

using json::Reader;
using serving::DType;
using serving::Shape;
using serving::Signature;
using serving::Tensor;
using serving::Tensors;
using serving::TensorSpec;

// {"b64": ".."} is a value, every other object is one of named inputs.
bool is_named(Reader in) {
  std::string_view key;
  return in.peek() == Reader::Kind::object && in.begin_object() && in.next_key(key) && key != "b64";
}

class Parser {
 public:
  Parser(std::string_view body, const Signature& signature)
      : text_(body), in_(body), signature_(signature) {}

  Result<PredictBody> parse() {
    if (in_.peek() != Reader::Kind::object && in_.ok()) {
      return invalid("the body is not a JSON object",
                     R"(send {"instances": [..]} or {"inputs": ..})");
    }
    std::optional<Reader> instances;
    std::optional<Reader> inputs;
    std::string_view key;
    in_.begin_object();
    while (in_.next_key(key)) {
      if (key == "signature_name") {
        std::string_view text;
        if (in_.peek() != Reader::Kind::string) return bad("signature_name is no text");
        if (in_.read(text)) out_.signature = text;
        continue;
      }
      if (key == "instances" || key == "inputs") {
        auto& place = key == "inputs" ? inputs : instances;
        if (place) return bad("'" + std::string(key) + "' is given twice");
        place = in_;
      }
      in_.skip();
    }
    if (!in_.finish()) return in_.error();
    if (instances.has_value() == inputs.has_value()) {
      return invalid(instances ? "the body has both 'instances' and 'inputs'"
                               : "the body has neither 'instances' nor 'inputs'",
                     "give the one or the other");
    }
    out_.by_row = instances.has_value();
    SW_CHECK_OK(out_.by_row ? rows(*instances) : columns(*inputs));
    for (auto& tensor : out_.inputs) {
      for (const auto& spec : signature_.inputs) {
        if (spec.name == tensor.name) tensor = fitted(std::move(tensor), spec);
      }
    }
    return std::move(out_);
  }

 private:
  Error bad(std::string message) const {
    return in_.ok() ? invalid(std::move(message)) : in_.error();
  }

  Result<const TensorSpec*> input(std::string_view name) const {
    for (const auto& spec : signature_.inputs) {
      if (spec.name == name) return &spec;
    }
    return invalid("unknown input '" + std::string(name.substr(0, 100)) + "'",
                   "the inputs are in the model's metadata");
  }

  Result<const TensorSpec*> only_input() const {
    if (signature_.inputs.size() == 1) return &signature_.inputs.front();
    return invalid("the model has " + std::to_string(signature_.inputs.size()) +
                       " inputs, values without names are for models with one",
                   "name the inputs");
  }

  Result<void> add(Reader& in, const TensorSpec& spec) {
    SW_TRY(auto tensor, serving::read_tensor(in, spec.name, spec.dtype));
    out_.inputs.push_back(std::move(tensor));
    return {};
  }

  Result<void> columns(Reader in) {
    if (!is_named(in)) {
      SW_TRY(const auto* spec, only_input());
      return add(in, *spec);
    }
    std::string_view key;
    in.begin_object();
    while (in.next_key(key)) {
      SW_TRY(const auto* spec, input(key));
      if (out_.inputs.size() > signature_.inputs.size()) return invalid("an input is given twice");
      SW_CHECK_OK(add(in, *spec));
    }
    return {};
  }

  Result<void> rows(Reader in) {
    Reader ahead = in;
    if (ahead.peek() != Reader::Kind::array) return invalid("'instances' is not an array");
    ahead.begin_array();
    if (!ahead.next_element()) return invalid("'instances' is empty", "send at least one");
    if (!is_named(ahead)) {
      SW_TRY(const auto* spec, only_input());
      return add(in, *spec);
    }
    return named_rows(in);
  }

  // The values of an input, put together from its rows as the array that they make.
  Result<void> named_rows(Reader in) {
    std::vector<std::string> arrays(signature_.inputs.size());
    std::vector<std::size_t> given(signature_.inputs.size(), 0);
    std::size_t row = 0;
    in.begin_array();
    while (in.next_element()) {
      ++row;
      if (in.peek() != Reader::Kind::object) {
        return invalid("instance " + std::to_string(row - 1) + " is no object, the first is one");
      }
      std::string_view key;
      in.begin_object();
      while (in.next_key(key)) {
        SW_TRY(const auto* spec, input(key));
        const auto at = static_cast<std::size_t>(spec - signature_.inputs.data());
        if (given[at] != row - 1) {
          return invalid("input '" + spec->name +
                         "' is given twice or was missing before instance " +
                         std::to_string(row - 1));
        }
        given[at] = row;
        const auto from = in.offset();
        in.skip();
        arrays[at] += arrays[at].empty() ? '[' : ',';
        arrays[at] += text_.substr(from, in.offset() - from);
      }
    }
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      if (given[i] == 0) continue;  // what the model wants is known where it is called
      if (given[i] != row) {
        return invalid("input '" + signature_.inputs[i].name + "' is missing in an instance");
      }
      arrays[i] += ']';
      Reader values(arrays[i]);
      SW_CHECK_OK(add(values, signature_.inputs[i]));
    }
    return {};
  }

  const std::string_view text_;
  Reader in_;
  const Signature& signature_;
  PredictBody out_;
};

// Bytes that are no text go out in base64.
void append_value(std::string& out, const Tensor& tensor, std::size_t row, std::size_t axis) {
  const bool encoded = tensor.dtype() == DType::bytes &&
                       (tensor.name.ends_with("_bytes") ||
                        std::any_of(tensor.texts().begin(), tensor.texts().end(),
                                    [](const std::string& text) { return !is_valid_utf8(text); }));
  if (!encoded) return serving::append_nested(out, tensor, axis, row * tensor.row_size());
  const std::size_t from = axis == 0 ? 0 : row * tensor.row_size();
  const std::size_t count = axis == 0 ? tensor.count() : tensor.row_size();
  const bool bare = axis == 0 ? tensor.shape().empty() : tensor.shape().size() == 1;
  if (!bare) out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    out += "{\"b64\":\"" + to_base64(tensor.texts()[from + i]) + "\"}";
  }
  if (!bare) out += ']';
}

}  // namespace

Tensor fitted(Tensor tensor, const TensorSpec& spec) {
  const auto& given = tensor.shape();
  const auto significant = [](const Shape& shape) {
    Shape out;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (i == 0 || shape[i] != 1) out.push_back(shape[i]);
    }
    return out;
  };
  if (given.size() == spec.shape.size() || given.empty() || spec.shape.empty()) return tensor;
  const auto have = significant(given);
  const auto want = significant(spec.shape);
  if (have.size() != want.size()) return tensor;
  Shape shape;
  std::size_t next = 0;
  for (std::size_t i = 0; i < spec.shape.size(); ++i) {
    shape.push_back(i != 0 && spec.shape[i] == 1 ? 1 : have[next++]);
  }
  if (serving::element_count(shape) != tensor.count()) return tensor;
  return tensor.reshaped(std::move(shape));
}

Result<PredictBody> parse_predict(std::string_view body, const Signature& signature) {
  return Parser(body, signature).parse();
}

Result<std::string> write_predictions(const Tensors& outputs, bool by_row) {
  std::string out = by_row ? "{\"predictions\":" : "{\"outputs\":";
  const auto add = [&](std::size_t row, std::size_t axis) {
    if (outputs.size() == 1) return append_value(out, outputs.front(), row, axis);
    out += '{';
    for (const auto& tensor : outputs) {
      if (&tensor != &outputs.front()) out += ',';
      append_json_string(out, tensor.name);
      out += ':';
      append_value(out, tensor, row, axis);
    }
    out += '}';
  };
  if (!by_row) {
    add(0, 0);
    return out + '}';
  }
  const auto rows = outputs.empty() ? 0 : outputs.front().rows();
  for (const auto& tensor : outputs) {
    if (tensor.shape().empty() || tensor.rows() != rows) {
      return invalid("the outputs of the model are not row by row",
                     "send \"inputs\" instead of \"instances\"");
    }
  }
  out += '[';
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    if (row != 0) out += ',';
    add(row, 1);
  }
  return out + "]}";
}

}  // namespace slipway::wire::tfserving
