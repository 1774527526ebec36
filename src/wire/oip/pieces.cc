// SPDX-License-Identifier: Apache-2.0
#include "pieces.h"

#include "base/text.h"
#include "json/value.h"
#include "serving/tensor_json.h"

namespace slipway::wire::oip {
namespace {

// The text in a piece: itself, or where chat models put it.
std::string text_in(const json::value& piece) {
  if (piece.is_string()) return std::string(piece.get_string());
  if (piece.is_array() && piece.get_array().size() == 1) return text_in(piece.get_array()[0]);
  if (const auto* predictions = json::find(piece, "predictions")) return text_in(*predictions);
  if (const auto* choices = json::find(piece, "choices");
      choices != nullptr && choices->is_array() && !choices->get_array().empty()) {
    const auto& first = choices->get_array()[0];
    for (const char* key : {"delta", "message"}) {
      const auto* inside = json::find(first, key);
      if (inside != nullptr) return json::text_at(*inside, "content").value_or("");
    }
    if (auto text = json::text_at(first, "text")) return *std::move(text);
  }
  if (auto text = json::text_at(piece, "content")) return *std::move(text);
  return json::dump_value(piece);
}

}  // namespace

Result<std::string> scoring_body(const std::string& body) {
  SW_TRY(const auto asked, json::parse_value(body));
  if (!asked.is_object()) return invalid("the body is not a JSON object");
  json::object rest = asked.get_object();
  json::object out;
  if (const auto* parameters = json::find(asked, "parameters");
      parameters != nullptr && parameters->is_object() && !parameters->get_object().empty()) {
    out["params"] = *parameters;
  }
  for (const char* key : {"parameters", "id", "stream"}) rest.erase(key);
  if (const auto* text = json::find(asked, "text_input"); text != nullptr && rest.size() == 1) {
    out["inputs"] = text->is_array() ? *text : json::value(json::array{*text});
  } else if (rest.contains("messages")) {
    return json::dump_value(rest);  // a chat is asked as it is
  } else {
    out["inputs"] = json::array{rest};
  }
  return json::dump_value(out);
}

Result<std::string> scoring_body(const serving::Tensors& tensors) {
  std::string inside;
  for (const auto& tensor : tensors) {
    std::string values;
    serving::append_flat(values, tensor);
    if (tensors.size() == 1) {
      inside = values;
      break;
    }
    inside += inside.empty() ? "[{" : ",";
    append_json_string(inside, tensor.name);
    const bool one = tensor.count() == 1;
    inside += ":" + (one ? values.substr(1, values.size() - 2) : values);
  }
  if (tensors.size() > 1) inside += "}]";
  return "{\"inputs\":" + inside + "}";
}

std::string text_in_piece(const std::string& piece) {
  const auto value = json::parse_value(piece);
  return value ? text_in(*value) : piece;
}

}  // namespace slipway::wire::oip
