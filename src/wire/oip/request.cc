// SPDX-License-Identifier: Apache-2.0
#include "request.h"

#include <algorithm>
#include <utility>

#include "json/reader.h"
#include "serving/tensor_json.h"
#include "tensor_bytes.h"

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
  std::optional<SharedPlace> shared;
  std::optional<Tensor> tensor;  // when type and shape came before the data
  std::optional<Reader> data;    // where the data begins, when they came after it
};

class Parser {
 public:
  Parser(std::string_view body, std::size_t json_size, const std::shared_ptr<const void>& owner,
         const SharedMemory* regions)
      : in_(body.substr(0, json_size)),
        tail_(body.substr(json_size)),
        owner_(owner),
        regions_(regions) {}

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

  Result<std::int64_t> integer(const Where& what) {
    Reader::Number value;
    if (in_.peek() != Reader::Kind::number) return bad(what.text() + ": expected an integer");
    if (!in_.read(value)) return in_.error();
    if (!value.is_integer) return bad(what.text() + ": expected an integer");
    return value.integer;
  }

  Result<bool> flag(const Where& what) {
    bool value = false;
    if (in_.peek() != Reader::Kind::boolean) return bad(what.text() + ": expected true or false");
    if (!in_.read(value)) return in_.error();
    return value;
  }

  Result<void> object(const Where& what) {
    if (in_.peek() != Reader::Kind::object) return bad(what.text() + ": expected an object");
    if (!in_.begin_object()) return in_.error();
    return {};
  }

  Result<void> array(const Where& what) {
    if (in_.peek() != Reader::Kind::array) return bad(what.text() + ": expected an array");
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
      } else if (key == "priority" && in_.peek() == Reader::Kind::number) {
        SW_TRY(out_.priority, integer("parameters.priority"));
        if (out_.priority < 0) return invalid("parameters.priority is negative");
      } else if (key == "outlier_scores") {
        SW_TRY(out_.outliers, flag("parameters.outlier_scores"));
      } else if (key == "sequence_id") {
        SW_CHECK_OK(sequence_id());
      } else if (key == "sequence_start") {
        SW_TRY(sequence_.start, flag("parameters.sequence_start"));
      } else if (key == "sequence_end") {
        SW_TRY(sequence_.end, flag("parameters.sequence_end"));
      } else {
        in_.skip();
      }
    }
    out_.sequence = sequence_of(std::move(sequence_));
    return check();
  }

  Result<void> sequence_id() {
    const std::string what = "parameters.sequence_id";
    if (in_.peek() == Reader::Kind::string) {
      SW_TRY(sequence_.id, text(what.c_str()));
      if (sequence_.id.size() > kMaxSequenceId) return invalid(what + " is longer than 128 bytes");
      return {};
    }
    Reader::Number value;
    if (in_.peek() != Reader::Kind::number) return bad(what + ": expected a number or a text");
    if (!in_.read(value)) return in_.error();
    if (!value.is_large && (!value.is_integer || value.integer < 0)) {
      return bad(what + ": expected a positive integer");
    }
    sequence_.number = value.is_large ? value.large : static_cast<std::uint64_t>(value.integer);
    return {};
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
        SW_CHECK_OK(input_parameters(input, at));
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
    if (input.shared) return from_shared(input, at);
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
    SW_CHECK_OK(array({at, ".shape"}));
    while (in_.next_element()) {
      if (out.size() == kMaxRank) return invalid(at + ".shape has too many dimensions");
      SW_TRY(const auto n, integer({at, ".shape"}));
      if (n < 0) return invalid(at + ".shape has a negative dimension");
      out.push_back(n);
    }
    SW_CHECK_OK(check());
    return out;
  }

  Result<void> input_parameters(Input& input, const std::string& at) {
    SW_CHECK_OK(object({at, ".parameters"}));
    std::string_view key;
    while (in_.next_key(key)) {
      if (key == "binary_data_size") {
        SW_TRY(const auto size, integer({at, ".parameters.binary_data_size"}));
        if (size < 0) return invalid(at + ".parameters.binary_data_size is negative");
        input.binary_size = static_cast<std::size_t>(size);
      } else if (key.starts_with("shared_memory_")) {
        SW_CHECK_OK(shared_place(key, input.shared, at));
      } else {
        in_.skip();
      }
    }
    return check();
  }

  // shared_memory_region, _offset and _byte_size: one of them.
  Result<void> shared_place(std::string_view key, std::optional<SharedPlace>& into,
                            const std::string& at) {
    if (!into) into.emplace();
    if (key == "shared_memory_region") {
      SW_TRY(into->region, text("shared_memory_region"));
      return {};
    }
    const bool is_offset = key == "shared_memory_offset";
    if (!is_offset && key != "shared_memory_byte_size") {
      in_.skip();
      return {};
    }
    const std::string what(key);
    SW_TRY(const auto value, integer(at + ".parameters." + what));
    if (value < 0) return invalid(at + ".parameters." + what + " is negative");
    (is_offset ? into->offset : into->size) = static_cast<std::uint64_t>(value);
    return {};
  }

  Result<Tensor> from_shared(const Input& input, const std::string& at) {
    if (regions_ == nullptr) return not_found("no shared memory is registered");
    SW_TRY(auto bytes, regions_->read(*input.shared));
    const std::string_view view = *bytes;
    return tensor_of(input.name, *input.type, *input.shape, view, bytes, at);
  }

  Result<Tensor> from_tail(const Input& input, const std::string& at) {
    if (*input.binary_size > tail_.size()) {
      return invalid(at + " announces " + std::to_string(*input.binary_size) +
                         " bytes, the body has " + std::to_string(tail_.size()) + " left",
                     "check Inference-Header-Content-Length and binary_data_size");
    }
    const auto bytes = tail_.substr(0, *input.binary_size);
    tail_.remove_prefix(bytes.size());
    return tensor_of(input.name, *input.type, *input.shape, bytes, owner_, at);
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
        SW_CHECK_OK(object({at, ".parameters"}));
        while (in_.next_key(key)) {
          if (key == "binary_data") {
            SW_TRY(wanted.binary, flag({at, ".parameters.binary_data"}));
          } else if (key == "classification") {
            SW_TRY(wanted.classes, integer({at, ".parameters.classification"}));
            if (wanted.classes < 0) return invalid(at + ".parameters.classification is negative");
          } else if (key.starts_with("shared_memory_")) {
            SW_CHECK_OK(shared_place(key, wanted.shared, at));
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
  const SharedMemory* const regions_;
  InferBody out_;
  serving::SequenceAsk sequence_;
};

}  // namespace

std::shared_ptr<const serving::SequenceAsk> sequence_of(serving::SequenceAsk ask) {
  if (ask.number && *ask.number != 0) ask.id = std::to_string(*ask.number);
  if (ask.id.empty()) return nullptr;
  return std::make_shared<const serving::SequenceAsk>(std::move(ask));
}

Result<InferBody> parse_infer(std::string_view body, std::optional<std::size_t> json_size,
                              const std::shared_ptr<const void>& owner,
                              const SharedMemory* regions) {
  if (json_size && *json_size > body.size()) {
    return invalid("Inference-Header-Content-Length is " + std::to_string(*json_size) +
                   ", the body has " + std::to_string(body.size()) + " bytes");
  }
  return Parser(body, json_size.value_or(body.size()), owner, regions).parse();
}

}  // namespace slipway::wire::oip
