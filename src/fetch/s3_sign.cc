// SPDX-License-Identifier: Apache-2.0
// Addresses and signatures; the steps are those of "AWS Signature Version 4 signing process".
#include "base/hash.h"
#include "base/text.h"
#include "fetch/s3.h"

namespace slipway::fetch {
namespace {

constexpr std::string_view kScheme = "s3://";

// "20260301T040506Z" of "2026-03-01T04:05:06.000Z".
std::string compact(Timestamp now) {
  std::string out;
  for (const char c : to_rfc3339(now).substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out + "Z";
}

}  // namespace

bool is_s3(std::string_view url) {
  return url.starts_with(kScheme);
}

Result<S3Place> parse_s3(std::string_view url) {
  const auto rest = url.substr(std::min(url.size(), kScheme.size()));
  const auto slash = rest.find('/');
  if (!is_s3(url) || slash == std::string_view::npos || slash == 0 || slash + 1 == rest.size()) {
    return invalid("'" + std::string(url.substr(0, 200)) + "' is not s3://BUCKET/KEY");
  }
  const auto bucket = rest.substr(0, slash);
  if (bucket.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") !=
      std::string_view::npos) {
    return invalid("'" + std::string(bucket.substr(0, 100)) + "' is not the name of a bucket");
  }
  const auto key = rest.substr(slash + 1);
  for (const auto part : split(key, '/')) {
    if (part == "." || part == "..") {
      return invalid("'" + std::string(url.substr(0, 200)) + "' has a '" + std::string(part) +
                     "' in its key");
    }
  }
  return S3Place{std::string(bucket), std::string(key)};
}

Headers sign_s3(const S3Request& request, const S3Access& access, Timestamp now) {
  const auto time = compact(now);
  const auto day = time.substr(0, 8);
  const auto digest = sha256_hex(request.body);
  Headers out{{"x-amz-content-sha256", digest}, {"x-amz-date", time}};
  if (access.key_id.empty()) return out;
  if (!access.token.empty()) out.emplace_back("x-amz-security-token", access.token);
  std::string query;
  for (const auto& [key, value] : request.query) {
    query += (query.empty() ? "" : "&") + key + "=" + value;
  }
  std::string headers = "host:" + request.host + "\n";
  std::string names = "host";
  for (const auto& [name, value] : out) {
    headers += name + ":" + value + "\n";
    names += ";" + name;
  }
  const auto canonical = request.method + "\n" + request.path + "\n" + query + "\n" + headers +
                         "\n" + names + "\n" + digest;
  const auto scope = day + "/" + access.region + "/s3/aws4_request";
  const auto text = "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256_hex(canonical);
  auto key = hmac_sha256("AWS4" + access.secret, day);
  for (const std::string& step : {access.region, std::string("s3"), std::string("aws4_request")}) {
    key = hmac_sha256(key, step);
  }
  out.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=" + access.key_id + "/" + scope +
                                        ", SignedHeaders=" + names +
                                        ", Signature=" + hmac_sha256_hex(key, text));
  return out;
}

}  // namespace slipway::fetch
