// SPDX-License-Identifier: Apache-2.0
#include "grpc_request.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "base/protobuf.h"
#include "base/recycle.h"
#include "base/text.h"
#include "tensor_bytes.h"

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::Shape;
using serving::Tensor;

constexpr std::size_t kMaxTensors = 1024;
constexpr std::size_t kMaxRank = 32;
constexpr std::size_t kMaxParameters = 1024;

Error malformed(const char* what) {
  return invalid(std::string(what) + " is no well-formed message");
}

Result<std::string> text_of(const ProtoReader& field, const char* what) {
  if (!field.is_bytes() || !is_valid_utf8(field.bytes())) return malformed(what);
  return std::string(field.bytes());
}

struct Parameter {
  std::string_view key;
  std::int64_t integer = 0;  // of a bool or integer
  bool is_number = false;
  std::string_view text;
};

Result<Parameter> parameter_of(ProtoReader entry) {
  Parameter out;
  while (entry.next()) {
    if (entry.field() == 1) out.key = entry.bytes();
    if (entry.field() != 2) continue;
    auto value = entry.message();
    while (value.next()) {
      switch (value.field()) {
        case 1:
        case 2:
        case 5:
          out.integer = value.int64();
          out.is_number = value.is_varint();
          break;
        case 3:
          out.text = value.bytes();
          break;
        default:  // a double: no parameter of ours
          break;
      }
    }
    if (!value.ok()) return malformed("a parameter");
  }
  if (!entry.ok()) return malformed("a parameter");
  return out;
}

Result<void> put_shared(const Parameter& parameter, std::optional<SharedPlace>& into) {
  if (!into) into.emplace();
  if (parameter.key == "shared_memory_region") {
    into->region = parameter.text;
    return {};
  }
  const bool is_offset = parameter.key == "shared_memory_offset";
  if (!is_offset && parameter.key != "shared_memory_byte_size") return {};
  if (!parameter.is_number || parameter.integer < 0) {
    return invalid("parameter " + std::string(parameter.key) + " must be a positive integer");
  }
  (is_offset ? into->offset : into->size) = static_cast<std::uint64_t>(parameter.integer);
  return {};
}

struct Input {
  std::string name;
  std::string datatype;
  Shape shape;
  std::optional<SharedPlace> shared;
  std::vector<ProtoReader, Recycled<ProtoReader>> contents;
};

Result<Input> input_of(ProtoReader message) {
  Input out;
  std::size_t parameters = 0;
  while (message.next()) {
    switch (message.field()) {
      case 1: {
        SW_TRY(out.name, text_of(message, "the name of an input"));
        break;
      }
      case 2: {
        SW_TRY(out.datatype, text_of(message, "the datatype of an input"));
        break;
      }
      case 3: {
        const bool well = message.each_varint([&](std::uint64_t n) {
          out.shape.push_back(static_cast<std::int64_t>(n));
          return out.shape.size() <= kMaxRank;
        });
        if (!well) return invalid("the shape of an input is malformed or too long");
        break;
      }
      case 4: {
        SW_TRY(const auto parameter, parameter_of(message.message()));
        if (++parameters > kMaxParameters) return invalid("too many parameters");
        if (parameter.key.starts_with("shared_memory_")) {
          SW_CHECK_OK(put_shared(parameter, out.shared));
        }
        break;
      }
      case 5:
        if (out.contents.size() == kMaxTensors) return invalid("too many contents");
        out.contents.push_back(message.message());
        break;
      default:
        break;
    }
  }
  if (!message.ok()) return malformed("an input");
  if (out.name.empty()) return invalid("an input has no name");
  for (const auto n : out.shape) {
    if (n < 0) return invalid("the shape of input '" + out.name + "' has a negative dimension");
  }
  return out;
}

Result<WantedOutput> output_of(ProtoReader message) {
  WantedOutput out;
  std::size_t parameters = 0;
  while (message.next()) {
    if (message.field() == 1) {
      SW_TRY(out.name, text_of(message, "the name of an output"));
    } else if (message.field() == 2) {
      SW_TRY(const auto parameter, parameter_of(message.message()));
      if (++parameters > kMaxParameters) return invalid("too many parameters");
      if (parameter.key == "classification") {
        if (parameter.integer < 0) return invalid("parameter classification is negative");
        out.classes = parameter.integer;
      } else if (parameter.key.starts_with("shared_memory_")) {
        SW_CHECK_OK(put_shared(parameter, out.shared));
      }
    }
  }
  if (!message.ok()) return malformed("an output");
  if (out.name.empty()) return invalid("an output has no name");
  return out;
}

// The field of InferTensorContents that holds values of this type; 0: only raw ones.
std::uint32_t field_of(DType type) {
  switch (type) {
    case DType::boolean:
      return 1;
    case DType::int8:
    case DType::int16:
    case DType::int32:
      return 2;
    case DType::int64:
      return 3;
    case DType::uint8:
    case DType::uint16:
    case DType::uint32:
      return 4;
    case DType::uint64:
      return 5;
    case DType::fp32:
      return 6;
    case DType::fp64:
      return 7;
    case DType::bytes:
      return 8;
    case DType::fp16:
    case DType::bf16:
      return 0;
  }
  return 0;
}

template <class T>
bool append_integers(const ProtoReader& field, std::string& out) {
  return field.each_varint([&](std::uint64_t raw) {
    const auto wide = static_cast<std::int64_t>(raw);
    const T value = static_cast<T>(raw);
    const bool fits = sizeof(T) == 8 || (std::numeric_limits<T>::is_signed
                                             ? wide == static_cast<std::int64_t>(value)
                                             : raw == static_cast<std::uint64_t>(value));
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
    return fits;
  });
}

bool append_fixed(const ProtoReader& field, std::size_t width, std::string& out) {
  const auto bytes = field.is_bytes() ? field.bytes() : field.fixed_bytes();
  if (bytes.size() % width != 0 || (!field.is_bytes() && bytes.size() != width)) return false;
  out += bytes;
  return true;
}

bool append_values(DType type, const ProtoReader& field, std::string& out) {
  switch (type) {
    case DType::boolean:
      return field.each_varint([&](std::uint64_t value) {
        out += value != 0 ? '\1' : '\0';
        return true;
      });
    case DType::int8:
      return append_integers<std::int8_t>(field, out);
    case DType::int16:
      return append_integers<std::int16_t>(field, out);
    case DType::int32:
      return append_integers<std::int32_t>(field, out);
    case DType::int64:
      return append_integers<std::int64_t>(field, out);
    case DType::uint8:
      return append_integers<std::uint8_t>(field, out);
    case DType::uint16:
      return append_integers<std::uint16_t>(field, out);
    case DType::uint32:
      return append_integers<std::uint32_t>(field, out);
    case DType::uint64:
      return append_integers<std::uint64_t>(field, out);
    case DType::fp32:
      return append_fixed(field, 4, out);
    case DType::fp64:
      return append_fixed(field, 8, out);
    case DType::fp16:
    case DType::bf16:
    case DType::bytes:
      return false;
  }
  return false;
}

Result<Tensor> typed(const Input& input, DType type, const Where& at) {
  const auto wanted = field_of(type);
  if (wanted == 0) {
    return invalid(at.text() + " of " + input.datatype + " has no typed contents",
                   "send it in raw_input_contents");
  }
  std::string values;
  std::vector<std::string> texts;
  for (auto contents : input.contents) {
    while (contents.next()) {
      if (contents.field() != wanted) {
        return invalid(at.text() + " of " + input.datatype + " has contents of another type");
      }
      if (type == DType::bytes) {
        if (!contents.is_bytes()) return malformed("the contents of an input");
        texts.emplace_back(contents.bytes());
      } else if (!append_values(type, contents, values)) {
        return invalid(at.text() + " has contents that do not fit " + input.datatype);
      }
    }
    if (!contents.ok()) return malformed("the contents of an input");
  }
  if (type != DType::bytes) {
    auto owner = std::make_shared<const std::string>(std::move(values));
    const std::string_view view = *owner;
    return tensor_of(input.name, type, input.shape, view, owner, at);
  }
  const auto count = serving::element_count(input.shape, texts.size());
  if (!count || *count != texts.size()) {
    return invalid(at.text() + " has " + std::to_string(texts.size()) + " elements, shape " +
                   serving::text_of(input.shape) + " takes others");
  }
  return Tensor::of_texts(input.name, input.shape, std::move(texts));
}

class Parser {
 public:
  Parser(std::string_view bytes, const std::shared_ptr<const void>& owner,
         const SharedMemory& regions)
      : message_(bytes), owner_(owner), regions_(regions) {}

  Result<GrpcInfer> parse() {
    while (message_.next()) SW_CHECK_OK(field());
    if (!message_.ok()) return malformed("the request");
    SW_CHECK_OK(tensors());
    out_.body.sequence = sequence_of(std::move(sequence_));
    return std::move(out_);
  }

 private:
  Result<void> field() {
    auto& body = out_.body;
    switch (message_.field()) {
      case 1: {
        SW_TRY(out_.model, text_of(message_, "model_name"));
        return {};
      }
      case 2: {
        SW_TRY(out_.version, text_of(message_, "model_version"));
        return {};
      }
      case 3: {
        SW_TRY(body.id, text_of(message_, "id"));
        return {};
      }
      case 4:
        return parameter();
      case 5: {
        if (inputs_.size() == kMaxTensors) return invalid("too many inputs");
        SW_TRY(auto input, input_of(message_.message()));
        inputs_.push_back(std::move(input));
        return {};
      }
      case 6: {
        if (body.outputs.size() == kMaxTensors) return invalid("too many outputs");
        SW_TRY(auto output, output_of(message_.message()));
        body.outputs.push_back(std::move(output));
        return {};
      }
      case 7:
        if (!message_.is_bytes()) return malformed("raw_input_contents");
        if (raw_.size() == kMaxTensors) return invalid("too many raw_input_contents");
        raw_.push_back(message_.bytes());
        return {};
      default:
        return {};
    }
  }

  Result<void> parameter() {
    if (++parameters_ > kMaxParameters) return invalid("too many parameters");
    SW_TRY(const auto parameter, parameter_of(message_.message()));
    if (parameter.key.starts_with("sequence_")) return sequence(parameter);
    if (!parameter.is_number) return {};
    if (parameter.key == "outlier_scores") out_.body.outliers = parameter.integer != 0;
    if (parameter.key == "triton_enable_empty_final_response") {
      out_.body.empty_final = parameter.integer != 0;
    }
    if (parameter.key == "timeout" || parameter.key == "priority") {
      if (parameter.integer < 0) {
        return invalid("parameter " + std::string(parameter.key) + " is out of range");
      }
      (parameter.key == "timeout" ? out_.body.timeout_us : out_.body.priority) = parameter.integer;
    }
    return {};
  }

  Result<void> sequence(const Parameter& parameter) {
    if (parameter.key == "sequence_start") sequence_.start = parameter.integer != 0;
    if (parameter.key == "sequence_end") sequence_.end = parameter.integer != 0;
    if (parameter.key != "sequence_id") return {};
    if (parameter.is_number) {
      sequence_.number = static_cast<std::uint64_t>(parameter.integer);
      return {};
    }
    if (parameter.text.size() > kMaxSequenceId || !is_valid_utf8(parameter.text)) {
      return invalid("parameter sequence_id must be a number or a text of at most 128 bytes");
    }
    sequence_.id = parameter.text;
    return {};
  }

  Result<void> tensors() {
    std::size_t next = 0;
    out_.body.inputs.reserve(inputs_.size());
    for (const auto& input : inputs_) {
      SW_TRY(auto tensor, tensor(input, next));
      out_.body.inputs.push_back(std::move(tensor));
    }
    if (next != raw_.size()) {
      return invalid("raw_input_contents has " + std::to_string(raw_.size()) + " entries, " +
                     std::to_string(next) + " inputs take one");
    }
    return {};
  }

  Result<Tensor> tensor(const Input& input, std::size_t& next) {
    const Where at("input '", std::string_view(input.name).substr(0, 100), "'");
    const auto type = serving::parse_dtype(input.datatype);
    if (!type) {
      return invalid("the datatype '" + input.datatype.substr(0, 40) + "' of " + at.text() +
                     " is unknown");
    }
    if (input.shared) {
      SW_TRY(auto bytes, regions_.read(*input.shared));
      const std::string_view view = *bytes;
      return tensor_of(input.name, *type, input.shape, view, bytes, at);
    }
    if (raw_.empty()) return typed(input, *type, at);
    if (!input.contents.empty()) {
      return invalid(at.text() + " has contents, and the request has raw_input_contents",
                     "send all tensors in the one or in the other");
    }
    if (next == raw_.size()) {
      return invalid("raw_input_contents has no entry for " + at.text());
    }
    return tensor_of(input.name, *type, input.shape, raw_[next++], owner_, at);
  }

  ProtoReader message_;
  const std::shared_ptr<const void>& owner_;
  const SharedMemory& regions_;
  GrpcInfer out_;
  std::vector<Input, Recycled<Input>> inputs_;
  std::vector<std::string_view, Recycled<std::string_view>> raw_;
  std::size_t parameters_ = 0;
  serving::SequenceAsk sequence_;
};

}  // namespace

Result<GrpcInfer> parse_grpc_infer(std::string_view bytes, const std::shared_ptr<const void>& owner,
                                   const SharedMemory& regions) {
  return Parser(bytes, owner, regions).parse();
}

}  // namespace slipway::wire::oip
