// SPDX-License-Identifier: Apache-2.0
// MLflow's REST interface, asked; and its answers, read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/value.h"
#include "transfer/transfer.h"

namespace slipway::drivers::mlflow {

using json::value;

// Members of an answer; absent ones are empty.
std::string text(const value& from, std::string_view key);
// 64-bit numbers come as numbers or as text.
std::optional<std::int64_t> whole(const value& from, std::string_view key);
std::int64_t whole_or_0(const value& from, std::string_view key);
double real(const value& from, std::string_view key);
const json::array& list(const value& from, std::string_view key);
const value& member(const value& from, std::string_view key);
// Keys and values, in order of the keys.
transfer::Pairs pairs(const value& from, std::string_view key);

std::string json_quoted(std::string_view words);

class Api {
 public:
  explicit Api(std::string url) : url_(std::move(url)) {}

  // The answer; any other status than 200 is an error with the server's message.
  Result<value> get(const std::string& path) const { return send("GET", path, ""); }
  Result<value> post(const std::string& path, const std::string& body) const {
    return send("POST", path, body);
  }
  Result<value> send(const std::string& method, const std::string& path,
                     const std::string& body) const;
  const std::string& url() const { return url_; }

 private:
  std::string url_;
};

}  // namespace slipway::drivers::mlflow
