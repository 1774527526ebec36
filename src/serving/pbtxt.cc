// SPDX-License-Identifier: Apache-2.0
#include "pbtxt.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"

namespace slipway::serving {
namespace {

using yaml::Node;
using Kind = Node::Kind;

constexpr std::size_t kLongest = 1 << 20;
constexpr int kDeepest = 32;

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Result<yaml::NodePtr> parse() {
    SW_TRY(auto out, message('\0', 0));
    return out;
  }

 private:
  Error bad(const std::string& what) const { return yaml::error_at(name_, line_, what); }

  char peek() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == '\n') {
        ++line_;
        ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++at_;
      } else {
        return c;
      }
    }
    return '\0';
  }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  std::string word() {
    const auto begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool inside = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '+';
      if (!inside) break;
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  // Up to `end`, or to the end of the text when that is no character.
  Result<yaml::NodePtr> message(char end, int depth) {
    if (depth > kDeepest) return bad("too deep");
    auto out = std::make_shared<Node>();
    out->kind = Kind::map;
    out->line = line_;
    while (true) {
      const char next = peek();
      if (next == end && (end != '\0' || at_ == text_.size())) {
        if (end != '\0') ++at_;
        return yaml::NodePtr(std::move(out));
      }
      const auto line = line_;
      const auto key = word();
      if (key.empty()) return bad(at_ == text_.size() ? "a '}' is missing" : "expected a field");
      const bool colon = take(':');
      SW_TRY(auto value, value_of(colon, depth + 1));
      take(',');
      take(';');
      add(*out, key, line, std::move(value));
    }
  }

  static void add(Node& map, const std::string& key, int line, yaml::NodePtr value) {
    const auto found = std::find_if(map.members.begin(), map.members.end(),
                                    [&](const auto& member) { return member.first == key; });
    if (found == map.members.end()) {
      map.members.emplace_back(key, std::move(value));
      map.key_lines.push_back(line);
      return;
    }
    auto all = std::make_shared<Node>();
    all->kind = Kind::list;
    all->line = found->second->line;
    for (const auto& part : {found->second, value}) {
      if (part->kind == Kind::list) {
        all->items.insert(all->items.end(), part->items.begin(), part->items.end());
      } else {
        all->items.push_back(part);
      }
    }
    found->second = std::move(all);
  }

  Result<yaml::NodePtr> value_of(bool colon, int depth) {
    if (depth > kDeepest) return bad("too deep");
    const char next = peek();
    if (next == '{' || next == '<') {
      ++at_;
      return message(next == '{' ? '}' : '>', depth);
    }
    if (next == '[') return list(depth);
    if (!colon) return bad("expected ':' or '{'");
    return scalar();
  }

  Result<yaml::NodePtr> list(int depth) {
    auto out = std::make_shared<Node>();
    out->kind = Kind::list;
    out->line = line_;
    ++at_;
    while (!take(']')) {
      if (peek() == '\0') return bad("a ']' is missing");
      SW_TRY(auto item, value_of(true, depth + 1));
      out->items.push_back(std::move(item));
      if (!take(',') && peek() != ']') return bad("expected ',' or ']'");
    }
    return yaml::NodePtr(std::move(out));
  }

  Result<yaml::NodePtr> scalar() {
    auto out = std::make_shared<Node>();
    out->line = line_;
    const char next = peek();
    if (next == '"' || next == '\'') {
      out->kind = Kind::text;
      while (peek() == '"' || peek() == '\'') SW_CHECK_OK(quoted(text_[at_], out->text));
      return yaml::NodePtr(std::move(out));
    }
    out->text = word();
    if (out->text.empty()) return bad("expected a value");
    if (out->text == "true" || out->text == "false") {
      out->kind = Kind::boolean;
    } else if (parse_int(out->text)) {
      out->kind = Kind::integer;
    } else if (parse_double(out->text)) {
      out->kind = Kind::real;
    } else {
      out->kind = Kind::text;
    }
    return yaml::NodePtr(std::move(out));
  }

  Result<void> quoted(char quote, std::string& out) {
    ++at_;
    while (at_ < text_.size() && text_[at_] != quote) {
      char c = text_[at_++];
      if (c == '\n') return bad("a text without end");
      if (c == '\\' && at_ < text_.size()) {
        c = text_[at_++];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
        if (c == 'r') c = '\r';
      }
      out += c;
    }
    if (at_ == text_.size()) return bad("a text without end");
    ++at_;
    return {};
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

Result<yaml::NodePtr> parse_pbtxt(std::string_view text, const std::string& name) {
  if (text.size() > kLongest) return invalid(name + " is larger than 1 MiB");
  return Parser(text, name).parse();
}

}  // namespace slipway::serving
