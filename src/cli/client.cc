// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include "app/config.h"
#include "base/text.h"
#include "fetch/fetch.h"
#include "json/value.h"

namespace slipway::cli {
namespace {

constexpr Code kAllCodes[] = {
    Code::invalid_argument,    Code::not_found,       Code::already_exists,    Code::conflict,
    Code::failed_precondition, Code::unauthenticated, Code::permission_denied, Code::exhausted,
    Code::unavailable,         Code::deadline,        Code::cancelled,         Code::unimplemented,
    Code::data_loss,           Code::internal};

Code code_of(std::string_view name, int status) {
  for (const auto code : kAllCodes) {
    if (name_of(code) == name) return code;
  }
  return status == 404 ? Code::not_found : status >= 500 ? Code::internal : Code::invalid_argument;
}

Error problem_of(const fetch::Response& response) {
  const auto document = json::parse_value(response.body);
  if (!document) {
    return {code_of("", response.status), "the server answered " + std::to_string(response.status),
            ""};
  }
  const auto detail = json::text_at(*document, "detail");
  return {code_of(json::text_at(*document, "code").value_or(""), response.status),
          detail.value_or("the server answered " + std::to_string(response.status)),
          json::text_at(*document, "hint").value_or("")};
}

}  // namespace

Result<Client> Client::connect(const std::string& flag) {
  std::string url = flag;
  if (url.empty()) {
    SW_TRY(const auto effective, app::load_config({}));
    url = effective.config.url;
  }
  while (url.ends_with('/')) url.pop_back();
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return invalid("'" + url + "' is not the URL of a server",
                   "give one such as http://127.0.0.1:5800 with --server or SLIPWAY_URL");
  }
  return Client(std::move(url));
}

Result<std::string> Client::send(const std::string& method, const std::string& path,
                                 const std::string& body, const std::string& content_type,
                                 int timeout_ms) const {
  fetch::Request request{.method = method, .url = url_ + path, .body = body};
  request.timeout_ms = timeout_ms;
  request.headers.emplace_back("accept", "application/json");
  if (!body.empty()) request.headers.emplace_back("content-type", content_type);
  if (const auto user = app::environment("USER")) {
    request.headers.emplace_back("x-slipway-actor", *user);
  }
  auto response = fetch::send(request);
  if (!response) {
    auto error = response.error();
    if (error.code == Code::unavailable && error.hint.empty()) {
      error.message = "no server answers at " + url_;
      error.hint = "start one with `slipway up`, or name it with --server or SLIPWAY_URL";
    }
    return error;
  }
  if (response->status < 200 || response->status > 299) return problem_of(*response);
  return std::move(response->body);
}

Result<void> Client::upload(const std::string& path, blob::Reader& content) const {
  fetch::Request request{.method = "PUT", .url = url_ + path};
  request.timeout_ms = 24 * 3'600'000;
  request.upload_size = content.size();
  std::optional<Error> failed;
  request.upload = [&](char* into, std::size_t size) -> std::int64_t {
    const auto n = content.read(into, size);
    if (n) return static_cast<std::int64_t>(*n);
    failed = n.error();
    return -1;
  };
  const auto response = fetch::send(request);
  if (failed) return *failed;
  SW_CHECK_OK(response);
  if (response->status < 200 || response->status > 299) return problem_of(*response);
  return {};
}

Result<std::string> Client::get(const std::string& path) const {
  return send("GET", path, "", "application/json");
}

Result<std::string> Client::post(const std::string& path, const std::string& body) const {
  return send("POST", path, body, "application/json");
}

Result<std::string> Client::put(const std::string& path, const std::string& body) const {
  return send("PUT", path, body, "application/json");
}

Result<std::string> Client::del(const std::string& path) const {
  return send("DELETE", path, "", "application/json");
}

std::string encode(std::string_view segment) {
  return percent_encode(segment);
}

}  // namespace slipway::cli
