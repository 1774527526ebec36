// SPDX-License-Identifier: Apache-2.0
// How commands talk to a server: JSON over /api/v1, problems turned back into errors.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "blob/blob.h"

namespace slipway::cli {

class Client {
 public:
  // `flag`: what --server gave; empty: SLIPWAY_URL, else slipway.toml, else http://127.0.0.1:5800.
  static Result<Client> connect(const std::string& flag);

  // The body of a 2xx answer. `path` starts with a slash and is encoded (see encode). Anything else
  // is the error that the server told; no answer at all is unavailable, with a hint.
  Result<std::string> get(const std::string& path) const;
  Result<std::string> post(const std::string& path, const std::string& body) const;
  Result<std::string> put(const std::string& path, const std::string& body) const;
  Result<std::string> del(const std::string& path) const;
  Result<std::string> send(const std::string& method, const std::string& path,
                           const std::string& body, const std::string& content_type,
                           int timeout_ms = 60'000) const;

  // PUTs all of `content`, piece by piece.
  Result<void> upload(const std::string& path, blob::Reader& content) const;

  const std::string& url() const { return url_; }

 private:
  explicit Client(std::string url) : url_(std::move(url)) {}
  std::string url_;
};

// One segment of a path.
std::string encode(std::string_view segment);

}  // namespace slipway::cli
