// SPDX-License-Identifier: Apache-2.0
#include "preview.h"

#include <vector>

#include "json/value.h"

namespace slipway::wire::otlp {
namespace {

constexpr std::size_t kLimit = 1'000;  // characters

bool is_message(const json::value& item) {
  return item.is_object() && item.get_object().contains("role") &&
         item.get_object().contains("content");
}

void messages_in(const json::value& list, std::vector<const json::value*>& out) {
  if (!list.is_array()) return;
  for (const auto& item : list.get_array()) {
    if (is_message(item)) out.push_back(&item);
  }
}

// The messages of a chat's request or response, of the usual forms.
std::vector<const json::value*> messages_of(const json::value& from, int depth = 0) {
  std::vector<const json::value*> out;
  if (const auto* list = json::find(from, "messages"); list != nullptr && list->is_array()) {
    messages_in(*list, out);
    return out;
  }
  if (const auto* choices = json::find(from, "choices");
      choices != nullptr && choices->is_array() && !choices->get_array().empty()) {
    const auto* message = json::find(choices->get_array()[0], "message");
    if (message != nullptr && is_message(*message)) return {message};
  }
  for (const auto* key : {"input", "output"}) {
    if (const auto* list = json::find(from, key); list != nullptr && list->is_array()) {
      messages_in(*list, out);
      return out;
    }
  }
  if (const auto* request = json::find(from, "request"); request != nullptr && depth < 8) {
    return messages_of(*request, depth + 1);
  }
  return out;
}

std::string text_of(const json::value& message) {
  const auto* content = json::find(message, "content");
  if (content == nullptr) return "";
  if (content->is_string()) return std::string(content->get_string());
  if (!content->is_array()) return "";
  for (const auto& part : content->get_array()) {
    if (part.is_string()) return std::string(part.get_string());
    const auto type = json::text_at(part, "type");
    if (type == "text" || type == "output_text") return json::text_at(part, "text").value_or("");
  }
  return "";
}

std::string shortened(std::string text) {
  std::size_t characters = 0;
  std::size_t cut = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (characters == kLimit - 3) cut = i;
    ++characters;
  }
  if (characters <= kLimit) return text;
  text.resize(cut);
  return text += "...";
}

}  // namespace

std::string preview_of(std::string_view json, std::string_view role) {
  if (json.starts_with('{')) {
    if (const auto value = json::parse_value(json)) {
      const auto messages = messages_of(*value);
      if (!messages.empty()) {
        const auto* chosen = messages.back();
        for (const auto* message : messages) {
          if (json::text_at(*message, "role") == role) chosen = message;
        }
        if (auto text = text_of(*chosen); !text.empty()) return shortened(std::move(text));
      }
    }
  }
  return shortened(std::string(json));
}

}  // namespace slipway::wire::otlp
