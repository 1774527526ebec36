// SPDX-License-Identifier: Apache-2.0
#include "sequence_config.h"

#include "base/protobuf_write.h"
#include "base/text.h"

namespace slipway::wire::oip {
namespace {

using serving::DType;
using serving::SequenceControl;

const char* word_of(SequenceControl::Kind kind) {
  switch (kind) {
    case SequenceControl::Kind::start:
      return "CONTROL_SEQUENCE_START";
    case SequenceControl::Kind::end:
      return "CONTROL_SEQUENCE_END";
    case SequenceControl::Kind::ready:
      return "CONTROL_SEQUENCE_READY";
    case SequenceControl::Kind::id:
      return "CONTROL_SEQUENCE_CORRID";
  }
  return "";
}

std::uint64_t number_of(SequenceControl::Kind kind) {
  switch (kind) {
    case SequenceControl::Kind::start:
      return 0;
    case SequenceControl::Kind::ready:
      return 1;
    case SequenceControl::Kind::end:
      return 2;
    case SequenceControl::Kind::id:
      return 3;
  }
  return 0;
}

std::string control_json(const SequenceControl& control) {
  std::string out = std::string("{\"kind\":\"") + word_of(control.kind) + "\"";
  const auto values = "[" + number_text(control.off) + "," + number_text(control.on) + "]";
  if (control.kind == SequenceControl::Kind::id) {
    if (control.type) out += ",\"data_type\":\"" + config_type(*control.type) + "\"";
  } else if (control.type == DType::fp32) {
    out += ",\"fp32_false_true\":" + values;
  } else if (control.type == DType::boolean) {
    out += std::string(",\"bool_false_true\":[") + (control.off != 0 ? "true," : "false,") +
           (control.on != 0 ? "true]" : "false]");
  } else {
    out += ",\"int32_false_true\":" + values;
  }
  return out + "}";
}

std::string control_message(const SequenceControl& control) {
  std::string out;
  put_number(out, 1, number_of(control.kind));
  std::string values;
  if (control.kind == SequenceControl::Kind::id) {
    if (control.type) put_number(out, 4, config_type_number(*control.type));
  } else if (control.type == DType::fp32) {
    for (const double value : {control.off, control.on}) {
      const auto single = static_cast<float>(value);
      char bytes[sizeof single];
      std::memcpy(bytes, &single, sizeof single);
      values.append(bytes, sizeof single);
    }
    put_bytes(out, 3, values);
  } else {
    const bool flags = control.type == DType::boolean;
    for (const double value : {control.off, control.on}) {
      put_varint(values, flags ? std::uint64_t{value != 0}
                               : static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
    }
    put_bytes(out, flags ? 5 : 2, values);
  }
  return out;
}

}  // namespace

std::string config_type(DType type) {
  return type == DType::bytes ? "TYPE_STRING" : "TYPE_" + std::string(serving::name_of(type));
}

std::uint64_t config_type_number(DType type) {
  switch (type) {
    case DType::boolean:
      return 1;
    case DType::uint8:
      return 2;
    case DType::uint16:
      return 3;
    case DType::uint32:
      return 4;
    case DType::uint64:
      return 5;
    case DType::int8:
      return 6;
    case DType::int16:
      return 7;
    case DType::int32:
      return 8;
    case DType::int64:
      return 9;
    case DType::fp16:
      return 10;
    case DType::fp32:
      return 11;
    case DType::fp64:
      return 12;
    case DType::bytes:
      return 13;
    case DType::bf16:
      return 14;
  }
  return 0;
}

std::string sequence_json(const serving::SequenceSpec& spec) {
  std::string out =
      spec.oldest ? "{\"oldest\":{\"max_candidate_sequences\":" + std::to_string(spec.most) + "}"
                  : "{\"direct\":{}";
  out += ",\"max_sequence_idle_microseconds\":" + std::to_string(spec.idle_us);
  out += ",\"control_input\":[";
  for (const auto& control : spec.controls) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    append_json_string(out, control.input);
    out += ",\"control\":[" + control_json(control) + "]}";
  }
  out += "],\"state\":[";
  for (const auto& state : spec.states) {
    if (out.back() != '[') out += ',';
    out += "{\"input_name\":";
    append_json_string(out, state.input);
    out += ",\"output_name\":";
    append_json_string(out, state.output);
    if (state.type) out += ",\"data_type\":\"" + config_type(*state.type) + "\"";
    out += '}';
  }
  return out + "]}";
}

std::string sequence_message(const serving::SequenceSpec& spec) {
  std::string out;
  put_number(out, 1, static_cast<std::uint64_t>(spec.idle_us));
  for (const auto& control : spec.controls) {
    std::string input;
    put_text(input, 1, control.input);
    put_bytes(input, 2, control_message(control));
    put_bytes(out, 2, input);
  }
  std::string strategy;
  if (spec.oldest) put_number(strategy, 1, spec.most);
  put_bytes(out, spec.oldest ? 4 : 3, strategy);
  for (const auto& one : spec.states) {
    std::string state;
    put_text(state, 1, one.input);
    put_text(state, 2, one.output);
    if (one.type) put_number(state, 3, config_type_number(*one.type));
    put_bytes(out, 5, state);
  }
  return out;
}

}  // namespace slipway::wire::oip
