// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <algorithm>

#include "base/text.h"
#include "target.h"

namespace slipway::net {

std::string_view name_of(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::patch:
      return "PATCH";
    case Method::del:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
  }
  return "GET";
}

void Headers::add(std::string_view name, std::string_view value) {
  if (count_ == fields_.size()) fields_.emplace_back();
  auto& field = fields_[count_++];
  field.first = name;
  field.second = value;
}

void Headers::set(std::string_view name, std::string_view value) {
  const auto same = [&](const auto& field) { return equal_ignoring_case(field.first, name); };
  const auto end = fields_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto first = std::find_if(fields_.begin(), end, same);
  if (first == end) return add(name, value);
  first->second = value;
  count_ = static_cast<std::size_t>(std::remove_if(first + 1, end, same) - fields_.begin());
}

namespace {

constexpr std::size_t kSpareHeaders = 64;
thread_local std::vector<Headers> spare_headers;

}  // namespace

Headers Headers::take() {
  if (spare_headers.empty()) return {};
  auto out = std::move(spare_headers.back());
  spare_headers.pop_back();
  return out;
}

void Headers::give(Headers headers) {
  if (headers.fields_.empty() || spare_headers.size() >= kSpareHeaders) return;
  headers.clear();
  spare_headers.push_back(std::move(headers));
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [key, value] : all()) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  const auto fields = all();
  return std::any_of(fields.begin(), fields.end(),
                     [&](const auto& field) { return equal_ignoring_case(field.first, name); });
}

void Request::reset() {
  method = Method::get;
  target.clear();
  path.clear();
  query.clear();
  path_params.clear();
  headers.clear();
  body.clear();
  source.reset();
  content_length.reset();
  request_id.clear();
  received_ns = 0;
  traceparent.clear();
  principal = "anonymous";
  protocol_status = 0;
}

std::optional<std::string> Request::query_value(std::string_view key) const {
  for (const auto& [name, value] : query) {
    if (name == key) return value;
  }
  return std::nullopt;
}

const std::string& Request::param(std::string_view name) const {
  static const std::string empty;
  for (const auto& [key, value] : path_params) {
    if (key == name) return value;
  }
  return empty;
}

Response Response::json(int status, std::string body) {
  return text(status, std::move(body), "application/json");
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  Response out;
  out.status = status;
  out.headers = Headers::take();
  if (content_type == "text/plain") content_type = "text/plain; charset=utf-8";
  out.headers.add("content-type", content_type);
  out.body = std::move(body);
  return out;
}

Result<void> split_target(Request& request) {
  std::string_view target = request.target;
  if (target.starts_with("http://") || target.starts_with("https://")) {  // absolute form
    const auto slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  target = target.substr(0, target.find('#'));
  if (target.empty() || target[0] != '/') {
    return invalid("the request target '" + request.target + "' is not a path");
  }
  const auto raw = raw_path(target);
  if (raw.find('%') == std::string_view::npos && raw.find('\0') == std::string_view::npos) {
    request.path = raw;
  } else {
    auto path = percent_decode(raw);
    if (!path || path->find('\0') != std::string::npos) {
      return invalid("the path '" + request.target + "' is not percent-encoded text");
    }
    request.path = *std::move(path);
  }
  request.query.clear();
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return {};
  for (const auto pair : split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto key = percent_decode(pair.substr(0, equals), true);
    const auto value = equals == std::string_view::npos
                           ? std::optional<std::string>("")
                           : percent_decode(pair.substr(equals + 1), true);
    if (!key || !value) {
      return invalid("the query parameter '" + std::string(pair) + "' is not percent-encoded text");
    }
    request.query.emplace_back(*key, *value);
  }
  return {};
}

std::string_view raw_path(std::string_view target) {
  if (!target.empty() && target[0] != '/') {
    const auto authority = target.find("//");
    const auto slash =
        authority == std::string_view::npos ? authority : target.find('/', authority + 2);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

}  // namespace slipway::net
