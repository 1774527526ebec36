// SPDX-License-Identifier: Apache-2.0
#include "transcript.h"

#include <optional>

#include <regex.h>

#include "base/text.h"
#include "json/value.h"

namespace slipway::transcript {
namespace {

bool is_status(std::string_view line) {
  return line.size() >= 3 && parse_int(line.substr(0, 3)).has_value() &&
         (line.size() == 3 || line[3] == ' ') && line[0] != '-';
}

std::optional<net::Method> method_of(std::string_view name) {
  using net::Method;
  for (const auto method : {Method::get, Method::head, Method::post, Method::put, Method::patch,
                            Method::del, Method::options}) {
    if (net::name_of(method) == name) return method;
  }
  return std::nullopt;
}

bool is_header(std::string_view line) {
  const auto colon = line.find(": ");
  return colon != std::string_view::npos && colon > 0 && line[0] != '{' && line[0] != '[' &&
         line[0] != '"' && line.substr(0, colon).find(' ') == std::string_view::npos;
}

std::string as_text(const std::string& json) {
  const auto value = json::parse_value(json);
  return value && value->is_string() ? std::string(value->get_string()) : json;
}

std::string fill(std::string text, const Bindings& bindings) {
  for (const auto& [name, json] : bindings) {
    const auto mark = "<" + name + ">";
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      text.replace(at, mark.size(), as_text(json));
    }
  }
  return text;
}

// Reads the pattern from left to right against a value.
class Matcher {
 public:
  Matcher(std::string_view pattern, Bindings& bindings) : text_(pattern), bindings_(bindings) {}

  std::string match(const json::value& value) {
    any(value, "$");
    skip();
    if (problem_.empty() && at_ != text_.size()) problem_ = "the pattern has more after its end";
    return problem_;
  }

 private:
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void fail(const std::string& where, const std::string& why) {
    if (problem_.empty()) problem_ = where + ": " + why;
  }
  std::string until(char end) {
    std::string out;
    while (at_ < text_.size() && text_[at_] != end) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == end) ++at_;
      out += text_[at_++];
    }
    ++at_;
    return out;
  }

  void bind(const json::value& value, const std::string& name, const std::string& where) {
    const auto text = json::dump_value(value);
    const auto [found, fresh] = bindings_.emplace(name, text);
    if (!fresh && found->second != text) {
      fail(where, "<" + name + "> is " + found->second + ", got " + text);
    }
  }

  void any(const json::value& value, const std::string& where) {
    if (!problem_.empty()) return;
    if (take("{")) return object(value, where);
    if (take("[")) return list(value, where);
    if (take("<")) return bind(value, until('>'), where);
    if (take("/")) return expression(value, where);
    scalar(value, where);
  }

  void object(const json::value& value, const std::string& where) {
    if (!value.is_object()) return fail(where, "wanted an object, got " + json::dump_value(value));
    std::size_t seen = 0;
    bool more = false;
    while (problem_.empty() && !take("}")) {
      if (take("...")) {
        more = true;
      } else if (take("\"")) {
        const auto key = until('"');
        const auto* member = value.get_object().if_contains(key);
        if (member == nullptr)
          return fail(where, "'" + key + "' is missing in " + json::dump_value(value));
        if (!take(":")) return fail(where, "the pattern lacks a :");
        any(*member, where + "." + key);
        ++seen;
      } else {
        return fail(where, "the pattern is no JSON");
      }
      take(",");
    }
    if (!more && seen != value.get_object().size()) {
      fail(where, "has more members than wanted: " + json::dump_value(value));
    }
  }

  void list(const json::value& value, const std::string& where) {
    if (!value.is_array()) return fail(where, "wanted a list, got " + json::dump_value(value));
    const auto& items = value.get_array();
    std::size_t i = 0;
    bool more = false;
    while (problem_.empty() && !take("]")) {
      if (take("...")) {
        more = true;
      } else if (i == items.size()) {
        return fail(where, "has fewer items than wanted: " + json::dump_value(value));
      } else {
        any(items[i], where + "[" + std::to_string(i) + "]");
        ++i;
      }
      take(",");
    }
    if (!more && i != items.size()) {
      fail(where, "has more items than wanted: " + json::dump_value(value));
    }
  }

  void expression(const json::value& value, const std::string& where) {
    const auto text = until('/');
    regex_t compiled{};
    if (regcomp(&compiled, text.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
      return fail(where, "/" + text + "/ is no expression");
    }
    const bool fits =
        value.is_string() && regexec(&compiled, value.get_string().c_str(), 0, nullptr, 0) == 0;
    regfree(&compiled);
    if (!fits) fail(where, "wanted /" + text + "/, got " + json::dump_value(value));
  }

  void scalar(const json::value& value, const std::string& where) {
    skip();
    const auto start = at_;
    if (take("\"")) {
      const auto text = until('"');
      if (text.starts_with('<') && text.ends_with('>')) {
        if (!value.is_string()) return fail(where, "wanted a text, got " + json::dump_value(value));
        return bind(value, text.substr(1, text.size() - 2), where);
      }
    } else {
      while (at_ < text_.size() &&
             std::string_view(",]} \n").find(text_[at_]) == std::string_view::npos)
        ++at_;
    }
    const auto wanted =
        json::parse_value(fill(std::string(text_.substr(start, at_ - start)), bindings_));
    if (!wanted) return fail(where, "the pattern is no JSON: " + std::string(text_.substr(start)));
    const bool same = wanted->is_number() && value.is_number()
                          ? wanted->to_number<double>() == value.to_number<double>()
                          : *wanted == value;
    if (!same) {
      fail(where, "wanted " + json::dump_value(*wanted) + ", got " + json::dump_value(value));
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string problem_;
  Bindings& bindings_;
};

Result<Exchange> exchange_of(const std::vector<std::string_view>& lines, int first) {
  Exchange out{.line = first};
  const auto words = split(lines[0], ' ');
  const auto method = method_of(words[0]);
  if (!method || words.size() < 2) return invalid("line " + std::to_string(first) + ": no request");
  out.method = *method;
  out.target = lines[0].substr(words[0].size() + 1);
  std::size_t i = 1;
  for (; i < lines.size() && !is_status(lines[i]); ++i) {
    if (out.body.empty() && is_header(lines[i])) {
      const auto colon = lines[i].find(": ");
      out.headers.emplace_back(lines[i].substr(0, colon), lines[i].substr(colon + 2));
    } else {
      (out.body += out.body.empty() ? "" : "\n") += lines[i];
    }
  }
  if (i == lines.size()) return invalid("line " + std::to_string(first) + ": no status follows");
  out.status = static_cast<int>(*parse_int(lines[i].substr(0, 3)));
  for (out.wanted = lines[i].substr(std::min<std::size_t>(4, lines[i].size()));
       ++i < lines.size();) {
    (out.wanted += '\n') += lines[i];
  }
  return out;
}

}  // namespace

Result<std::vector<Exchange>> parse(const std::string& text) {
  std::vector<Exchange> out;
  std::vector<std::string_view> lines;
  int number = 0;
  int first = 0;
  const auto ended = text + "\n";
  for (const auto line : split(ended, '\n')) {
    ++number;
    if (line.starts_with('#')) continue;
    if (!line.empty()) {
      if (lines.empty()) first = number;
      lines.push_back(line);
    } else if (!lines.empty()) {
      SW_TRY(auto exchange, exchange_of(lines, first));
      out.push_back(std::move(exchange));
      lines.clear();
    }
  }
  return out;
}

std::string mismatch(const std::string& wanted, const std::string& body, Bindings& bindings) {
  if (trim(wanted).empty()) return "";
  if (wanted.starts_with('\'')) {
    const auto literal = fill(wanted.substr(1), bindings);
    return literal == body ? "" : "wanted the text '" + literal + "', got '" + body + "'";
  }
  const auto value = json::parse_value(body);
  if (!value) return "wanted JSON, got '" + body + "'";
  return Matcher(wanted, bindings).match(*value);
}

std::string run(const net::Router& router, const std::vector<Exchange>& exchanges) {
  Bindings bindings;
  for (const auto& exchange : exchanges) {
    net::Request request;
    request.method = exchange.method;
    request.target = fill(exchange.target, bindings);
    request.body = fill(exchange.body, bindings);
    for (const auto& [name, value] : exchange.headers) request.headers.add(name, value);
    if (!request.body.empty() && !request.headers.has("content-type")) {
      request.headers.set("content-type", "application/json");
    }
    auto response = router.call(std::move(request));
    std::string body = response.body;
    if (response.producer != nullptr) {
      char piece[4096];
      for (;;) {
        const auto n = response.producer->read(piece, sizeof piece);
        if (!n || *n == 0) break;
        body.append(piece, *n);
      }
    }
    auto problem = response.status == exchange.status
                       ? mismatch(exchange.wanted, body, bindings)
                       : "wanted status " + std::to_string(exchange.status) + ", got " +
                             std::to_string(response.status) + " " + body;
    if (!problem.empty()) return "line " + std::to_string(exchange.line) + ": " + problem;
  }
  return "";
}

}  // namespace slipway::transcript
