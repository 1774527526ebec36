// SPDX-License-Identifier: Apache-2.0
// Calls about many objects at once.
#include "base/hash.h"
#include "fetch/s3.h"
#include "s3_xml.h"

namespace slipway::fetch {

Result<S3::Page> S3::list(const std::string& bucket, const std::string& prefix,
                          const std::string& token) {
  std::map<std::string, std::string> query{{"list-type", "2"}, {"prefix", prefix}};
  if (!token.empty()) query["continuation-token"] = token;
  const S3Place place{bucket, ""};
  SW_TRY(const auto answer, ask("GET", place, query, {}, {}));
  if (answer.status != 200) return error_of(answer, {bucket, prefix});
  Page out;
  for (const auto& entry : elements(answer.body, "Contents")) {
    out.keys.push_back(unescaped(element(entry, "Key")));
  }
  if (element(answer.body, "IsTruncated") == "true") {
    out.next = unescaped(element(answer.body, "NextContinuationToken"));
    if (out.next.empty()) return unavailable("s3: a list without its continuation");
  }
  return out;
}

Result<void> S3::remove(const std::string& bucket, const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  std::string body = "<Delete><Quiet>true</Quiet>";
  for (const auto& key : keys) body += "<Object><Key>" + escaped(key) + "</Key></Object>";
  body += "</Delete>";
  const S3Place place{bucket, ""};
  SW_TRY(const auto answer,
         ask("POST", place, {{"delete", ""}}, body, {{"content-md5", md5_base64(body)}}));
  if (answer.status != 200) return error_of(answer, place);
  const auto failed = element(answer.body, "Error");
  if (failed.empty()) return {};
  return unavailable("s3://" + bucket + "/" + unescaped(element(failed, "Key")) +
                     " was not removed: " + element(failed, "Code") + ", " +
                     element(failed, "Message"));
}

}  // namespace slipway::fetch
