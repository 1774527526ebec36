// SPDX-License-Identifier: Apache-2.0
#include "fetch/s3.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace slipway::fetch {
namespace {

TEST(S3, AddressesAreReadOrRefused) {
  const auto place = parse_s3("s3://my-bucket/a/b c.parquet");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->bucket, "my-bucket");
  EXPECT_EQ(place->key, "a/b c.parquet");
  for (const char* wrong :
       {"s3://", "s3://bucket", "s3://bucket/", "s3:///key", "http://a/b", "s3://Bucket/key",
        "s3://b@evil.example/key", "s3://b/../c", "s3://b/a/./c", "s3://b:80/c", ""}) {
    EXPECT_FALSE(parse_s3(wrong)) << wrong;
  }
}

// The example "GET Object" of Amazon's documentation of the signature.
TEST(S3, SignsAsTheDocumentationDoes) {
  const S3Access access{.region = "us-east-1",
                        .key_id = "AKIAIOSFODNN7EXAMPLE",
                        .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  const S3Request request{.method = "GET",
                          .host = "examplebucket.s3.amazonaws.com",
                          .path = "/",
                          .query = {{"max-keys", "2"}, {"prefix", "J"}}};

  const auto headers = sign_s3(request, access, {1'369'353'600'000});

  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [](const auto& each) { return each.first == "authorization"; });
  ASSERT_NE(found, headers.end());
  EXPECT_EQ(found->second,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
            "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3, WithoutAKeyNothingIsSigned) {
  for (const auto& [name, value] : sign_s3({.method = "GET", .host = "h", .path = "/"}, {}, {})) {
    EXPECT_NE(name, "authorization");
  }
}

}  // namespace
}  // namespace slipway::fetch
