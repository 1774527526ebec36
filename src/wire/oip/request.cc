// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "json/reader.h"
#include "serving/tensor_json.h"

namespace slipway::wire::oip {
namespace {

using json::Reader;
using serving::DType;
using serving::Shape;
using serving::Tensor;

constexpr std::size_t kMaxTensors = 1024;
constexpr std::size_t kMaxRank = 32;

struct Input {
  std::string name;
  std::optional<DType> type;
  std::optional<Shape> shape;
  std::optional<std::size_t> binary_size;
  std::optional<Tensor> tensor;  // when type and shape came before the data
  std::optional<Reader> data;    // where the data begins, when they came after it
};

class Parser {
 public:
  Parser(std::string_view body, std::size_t json_size, const std::shared_ptr<const void>& owner)
      : in_(body.substr(0, json_size)), tail_(body.substr(json_size)), owner_(owner) {}

  Result<InferBody> parse() {
    if (in_.peek() != Reader::Kind::object && in_.ok()) {
      return invalid("the body is not a JSON object", "see /v2/models/NAME for the inputs");
    }
    bool has_inputs = false;
    std::string_view key;
    in_.begin_object();
    while (in_.next_key(key)) {
      if (key == "id") {
        SW_TRY(out_.id, text("id"));
      } else if (key == "inputs") {
        if (has_inputs) return invalid("'inputs' is given twice");
        has_inputs = true;
        SW_CHECK_OK(inputs());
      } else if (key == "outputs") {
        SW_CHECK_OK(outputs());
      } else if (key == "parameters") {
        SW_CHECK_OK(parameters());
      } else {
        in_.skip();
      }
    }
    if (!in_.finish()) return in_.error();
    if (!has_inputs) return invalid("'inputs' is missing");
    if (!tail_.empty()) {
      return invalid(
          std::to_string(tail_.size()) + " bytes follow the tensors that the request names",
          "each binary input needs its parameters.binary_data_size");
    }
    return std::move(out_);
  }

 private:
  // An error of the text itself wins over one of its meaning.
  Error bad(std::string message) const {
    return in_.ok() ? invalid(std::move(message)) : in_.error();
  }

  Result<std::string> text(const char* what) {
    std::string_view value;
    if (in_.peek() != Reader::Kind::string) return bad(std::string(what) + ": expected a text");
    if (!in_.read(value)) return in_.error();
    return std::string(value);
  }

  Result<std::int64_t> integer(const std::string& what) {
    Reader::Number value;
    if (in_.peek() != Reader::Kind::number) return bad(what + ": expected an integer");
    if (!in_.read(value)) return in_.error();
    if (!value.is_integer) return bad(what + ": expected an integer");
    return value.integer;
  }

  Result<bool> flag(const std::string& what) {
    bool value = false;
    if (in_.peek() != Reader::Kind::boolean) return bad(what + ": expected true or false");
    if (!in_.read(value)) return in_.error();
    return value;
  }

  Result<void> object(const std::string& what) {
    if (in_.peek() != Reader::Kind::object) return bad(what + ": expected an object");
    if (!in_.begin_object()) return in_.error();
    return {};
  }

  Result<void> array(const std::string& what) {
    if (in_.peek() != Reader::Kind::array) return bad(what + ": expected an array");
    if (!in_.begin_array()) return in_.error();
    return {};
  }

  Result<void> parameters() {
    SW_CHECK_OK(object("parameters"));
    std::string_view key;
    while (in_.next_key(key)) {
      if (key == "binary_data_output") {
        SW_TRY(out_.binary_outputs, flag("parameters.binary_data_output"));
      } else if (key == "timeout" && in_.peek() == Reader::Kind::number) {
        SW_TRY(out_.timeout_us, integer("parameters.timeout"));
        if (out_.timeout_us < 0) return invalid("parameters.timeout is negative");
      } else {
        in_.skip();
      }
    }
    return check();
  }

  Result<void> check() const {
    if (!in_.ok()) return in_.error();
    return {};
  }

  Result<void> inputs() {
    SW_CHECK_OK(array("inputs"));
    while (in_.next_element()) {
      if (out_.inputs.size() == kMaxTensors) return invalid("too many inputs");
      SW_TRY(auto tensor, input("inputs[" + std::to_string(out_.inputs.size()) + "]"));
      out_.inputs.push_back(std::move(tensor));
    }
    return check();
  }

  Result<Tensor> input(const std::string& at) {
    Input input;
    SW_CHECK_OK(object(at));
    std::string_view key;
    while (in_.next_key(key)) {
      if (key == "name") {
        SW_TRY(input.name, text("name of an input"));
      } else if (key == "datatype") {
        SW_TRY(const auto name, text("datatype of an input"));
        input.type = serving::parse_dtype(name);
        if (!input.type) return invalid(at + ".datatype '" + name.substr(0, 40) + "' is unknown");
      } else if (key == "shape") {
        SW_TRY(input.shape, shape(at));
      } else if (key == "parameters") {
        SW_TRY(input.binary_size, binary_size(at));
      } else if (key == "data") {
        if (input.data || input.tensor) return invalid(at + ".data is given twice");
        if (input.type && input.shape) {
          SW_TRY(input.tensor, serving::read_tensor(in_, input.name, *input.type, &*input.shape));
        } else {
          input.data = in_;
          in_.skip();
        }
      } else {
        in_.skip();
      }
    }
    SW_CHECK_OK(check());
    if (input.name.empty()) return invalid(at + ".name is missing");
    if (!input.type) return invalid(at + ".datatype is missing");
    if (!input.shape) return invalid(at + ".shape is missing");
    if (input.binary_size && (input.data || input.tensor)) {
      return invalid(at + " has both data and binary_data_size");
    }
    if (input.binary_size) return from_tail(input, at);
    if (input.tensor) {
      input.tensor->name = std::move(input.name);
      return *std::move(input.tensor);
    }
    if (!input.data) return invalid(at + ".data is missing");
    return serving::read_tensor(*input.data, input.name, *input.type, &*input.shape);
  }

  Result<Shape> shape(const std::string& at) {
    Shape out;
    SW_CHECK_OK(array(at + ".shape"));
    while (in_.next_element()) {
      if (out.size() == kMaxRank) return invalid(at + ".shape has too many dimensions");
      SW_TRY(const auto n, integer(at + ".shape"));
      if (n < 0) return invalid(at + ".shape has a negative dimension");
      out.push_back(n);
    }
    SW_CHECK_OK(check());
    return out;
  }

  Result<std::optional<std::size_t>> binary_size(const std::string& at) {
    std::optional<std::size_t> out;
    SW_CHECK_OK(object(at + ".parameters"));
    std::string_view key;
    while (in_.next_key(key)) {
      if (key == "binary_data_size") {
        SW_TRY(const auto size, integer(at + ".parameters.binary_data_size"));
        if (size < 0) return invalid(at + ".parameters.binary_data_size is negative");
        out = static_cast<std::size_t>(size);
      } else if (key.starts_with("shared_memory")) {
        return Error{Code::unimplemented, "shared memory is not offered here",
                     "send the tensor in the body"};
      } else {
        in_.skip();
      }
    }
    SW_CHECK_OK(check());
    return out;
  }

  Result<Tensor> from_tail(const Input& input, const std::string& at) {
    if (*input.binary_size > tail_.size()) {
      return invalid(at + " announces " + std::to_string(*input.binary_size) +
                         " bytes, the body has " + std::to_string(tail_.size()) + " left",
                     "check Inference-Header-Content-Length and binary_data_size");
    }
    const auto bytes = tail_.substr(0, *input.binary_size);
    tail_.remove_prefix(bytes.size());
    const auto count = serving::element_count(*input.shape, bytes.size());
    const std::size_t width = serving::size_of(*input.type);
    if (*input.type == DType::bytes) return texts(input, bytes, count, at);
    if (!count || *count * width != bytes.size()) {
      return invalid(at + " has " + std::to_string(bytes.size()) + " bytes, shape " +
                     serving::text_of(*input.shape) + " of " +
                     std::string(serving::name_of(*input.type)) + " takes others");
    }
    if (*input.type == DType::boolean &&
        std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != 0 && c != 1; })) {
      return invalid(at + " has bytes that are neither 0 nor 1");
    }
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % width == 0) {
      return Tensor::view(input.name, *input.type, *input.shape, bytes.data(), owner_);
    }
    auto copy = Tensor::make(input.name, *input.type, *input.shape);
    if (!bytes.empty()) std::memcpy(copy.mutable_data(), bytes.data(), bytes.size());
    return copy;
  }

  // Each: four bytes of length, little-endian, then so many bytes.
  Result<Tensor> texts(const Input& input, std::string_view bytes, std::optional<std::size_t> count,
                       const std::string& at) {
    if (!count || *count > bytes.size() / 4) {
      return invalid(at + " has too few bytes for shape " + serving::text_of(*input.shape));
    }
    std::vector<std::string> out;
    out.reserve(*count);
    while (!bytes.empty()) {
      std::uint32_t length = 0;
      if (bytes.size() < sizeof length) return invalid(at + " ends inside a length");
      std::memcpy(&length, bytes.data(), sizeof length);
      bytes.remove_prefix(sizeof length);
      if (length > bytes.size()) return invalid(at + " ends inside an element");
      out.emplace_back(bytes.substr(0, length));
      bytes.remove_prefix(length);
      if (out.size() > *count) break;
    }
    if (out.size() != *count) {
      return invalid(at + " has another number of elements than shape " +
                     serving::text_of(*input.shape));
    }
    return Tensor::of_texts(input.name, *input.shape, std::move(out));
  }

  Result<void> outputs() {
    SW_CHECK_OK(array("outputs"));
    while (in_.next_element()) {
      if (out_.outputs.size() == kMaxTensors) return invalid("too many outputs");
      SW_TRY(auto wanted, output("outputs[" + std::to_string(out_.outputs.size()) + "]"));
      out_.outputs.push_back(std::move(wanted));
    }
    return check();
  }

  Result<WantedOutput> output(const std::string& at) {
    WantedOutput wanted;
    SW_CHECK_OK(object(at));
    std::string_view key;
    while (in_.next_key(key)) {
      if (key == "name") {
        SW_TRY(wanted.name, text("name of an output"));
      } else if (key == "parameters") {
        SW_CHECK_OK(object(at + ".parameters"));
        while (in_.next_key(key)) {
          if (key == "binary_data") {
            SW_TRY(wanted.binary, flag(at + ".parameters.binary_data"));
          } else if (key == "classification") {
            SW_TRY(wanted.classes, integer(at + ".parameters.classification"));
            if (wanted.classes < 0) return invalid(at + ".parameters.classification is negative");
          } else if (key.starts_with("shared_memory")) {
            return Error{Code::unimplemented, "shared memory is not offered here", {}};
          } else {
            in_.skip();
          }
        }
      } else {
        in_.skip();
      }
    }
    SW_CHECK_OK(check());
    if (wanted.name.empty()) return invalid(at + ".name is missing");
    return wanted;
  }

  Reader in_;
  std::string_view tail_;
  const std::shared_ptr<const void>& owner_;
  InferBody out_;
};

}  // namespace

Result<InferBody> parse_infer(std::string_view body, std::optional<std::size_t> json_size,
                              const std::shared_ptr<const void>& owner) {
  if (json_size && *json_size > body.size()) {
    return invalid("Inference-Header-Content-Length is " + std::to_string(*json_size) +
                   ", the body has " + std::to_string(body.size()) + " bytes");
  }
  return Parser(body, json_size.value_or(body.size()), owner).parse();
}

}  // namespace slipway::wire::oip
