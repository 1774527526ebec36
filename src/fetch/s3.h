// SPDX-License-Identifier: Apache-2.0
// Objects of S3 and of what speaks like it: read a piece at a time, written whole.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fetch/fetch.h"

namespace slipway::fetch {

struct S3Access {
  std::string endpoint;  // http or https URL of a server; empty: Amazon's, by region
  std::string region = "us-east-1";
  std::string key_id;  // empty: requests are not signed
  std::string secret;
  std::string token;
};

struct S3Place {
  std::string bucket;
  std::string key;
};

// s3://BUCKET/KEY
bool is_s3(std::string_view url);
Result<S3Place> parse_s3(std::string_view url);

// Signature version 4 of a request without one: adds x-amz-date, x-amz-content-sha256 and
// authorization. `path` and `query` as they are sent, percent-encoded; values of the query too.
struct S3Request {
  std::string method;
  std::string host;
  std::string path;
  std::map<std::string, std::string> query;
  std::string_view body;
};
Headers sign_s3(const S3Request& request, const S3Access& access, Timestamp now);

// Used by one thread at a time.
class S3 {
 public:
  // `given_up` is asked between pieces; true ends the call as cancelled.
  S3(S3Access access, Clock& clock, std::function<bool()> given_up = {});

  struct Facts {
    std::uint64_t size = 0;
    std::string etag;  // changes with the bytes
  };
  Result<Facts> look(const S3Place& place);
  // The object as a file. What lies there already is kept as its beginning, so that a download that
  // was cut off goes on. An object that is not `facts` any more is a conflict.
  // `told` hears how many bytes are there.
  Result<void> download(const S3Place& place, const Facts& facts, const std::string& path,
                        const std::function<void(std::uint64_t)>& told = {});
  // Seen by others when it is whole. `note` is a file in which an upload in parts is noted, so that
  // one that was cut off (also by the end of this process) leaves no parts behind.
  Result<void> upload(const std::string& path, const S3Place& place, const std::string& note);
  // Keys below a prefix, at most 1,000; `next` (empty: that was all) continues as `token`.
  struct Page {
    std::vector<std::string> keys;
    std::string next;
  };
  Result<Page> list(const std::string& bucket, const std::string& prefix, const std::string& token);
  // At most 1,000 keys in one request. Absent ones are fine.
  Result<void> remove(const std::string& bucket, const std::vector<std::string>& keys);

 private:
  Result<Response> ask(const std::string& method, const S3Place& place,
                       const std::map<std::string, std::string>& query, std::string_view body,
                       const Headers& headers);
  Result<Response> ask_once(const std::string& method, const S3Place& place,
                            const std::map<std::string, std::string>& query, std::string_view body,
                            const Headers& headers);
  Result<void> upload_in_parts(int file, std::uint64_t size, const S3Place& place,
                               const std::string& note);
  Result<std::string> upload_parts(int file, std::uint64_t size, const S3Place& place,
                                   const std::string& id);
  void abandon(const S3Place& place, const std::string& id);

  S3Access access_;
  Clock& clock_;
  std::function<bool()> given_up_;
};

}  // namespace slipway::fetch
